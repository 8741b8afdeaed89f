import { describe, expect, test } from "vitest";
import type { PlanProblem, TargetStatus } from "../../src/core/plan.ts";
import { failuresText } from "../../src/report/failures.ts";
import { planText } from "../../src/report/plan.ts";
import { statusText, worstFirst } from "../../src/report/status.ts";
import { wrapLines } from "../../src/report/wrap.ts";

/** A target of tenant t<number>, in schema `app-<tenant>`. */
function at(number: number, pending: number, ...problems: PlanProblem[]): TargetStatus {
  const tenant = `t${number}`;
  return {
    target: { database: "main", service: "app", tenant, schema: `app-${tenant}` },
    current: pending === 0 ? "0001_b" : "0000_a",
    head: "0001_b",
    pending,
    steps: [],
    problems,
    create: "nothing",
    sealed: true,
  };
}

const range = (length: number) => Array.from({ length }, (_, index) => index + 1);

const unmanaged = (number: number): PlanProblem => ({
  kind: "unmanaged",
  tag: undefined,
  message: `the ledger of schema "app-t${number}" is empty, though the schema holds ${number + 1} tables`,
  remedy: `Record it: drizzle-fleet stamp <tag> --service app --tenant t${number}. Otherwise move them away.`,
});

const first = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/)[0]);

/** The text as written when the output is not a terminal. */
const shown = (...args: Parameters<typeof statusText>) => wrapLines(statusText(...args), {});

describe("status", () => {
  const mixed = [at(1, 0), at(2, 1), at(3, 0), at(4, 1, unmanaged(4)), at(5, 2)];

  test("lists targets with a problem first, then those that are behind", () => {
    expect(first(shown(mixed)).slice(0, 6)).toEqual([
      ...["target", "app/t4", "app/t2", "app/t5", "app/t1", "app/t3"],
    ]);
    const many = [...range(40).map((number) => at(number, 0)), at(41, 1)];
    expect(shown(many).split("\n").slice(1, 3)).toEqual([
      expect.stringMatching(/^app +0000_a +1 +behind +1 +t41$/),
      expect.stringMatching(/^app +0001_b +0 +at head +40 +t1, t2, t3, \.\.\.$/),
    ]);
    expect(worstFirst(mixed).map(({ target }) => target.tenant)).toEqual([
      ...["t4", "t2", "t5", "t1", "t3"],
    ]);
  });

  test("lists only targets that are behind, with the counts of all", () => {
    const text = shown(mixed, true);
    expect(first(text).slice(0, 4)).toEqual(["target", "app/t4", "app/t2", "app/t5"]);
    expect(text).not.toContain("app/t1");
    expect(text.split("\n").slice(-2)).toEqual([
      "Not at head: 3 of 5 targets.",
      "To apply pending migrations, run: npx drizzle-fleet migrate",
    ]);
    expect(shown([at(1, 0), at(2, 0)], true)).toBe("All 2 targets are at head.");
  });
});

describe("the last result of drift", () => {
  const now = new Date("2026-11-29T12:00:00Z");
  const compared = (
    status: TargetStatus,
    minutes: number,
    { drifted = false, outdated = false } = {},
  ): TargetStatus => {
    const checkedAt = new Date(now.getTime() - minutes * 60_000);
    return { ...status, drift: { drifted, checkedAt, outdated } };
  };
  const lines = (...targets: TargetStatus[]) => shown(targets, false, now).split("\n");

  test("is not mentioned if drift never ran", () => {
    expect(shown([at(1, 0), at(2, 1)], false, now)).not.toMatch(/drift /);
  });

  test("has a column with its age, and drifted targets come before others at head", () => {
    const found = lines(
      compared(at(1, 0), 5),
      compared(at(2, 0), 3 * 60, { drifted: true }),
      compared(at(3, 0), 72 * 60, { outdated: true }),
      at(4, 1),
      { ...at(5, 1), current: undefined },
    );
    expect(found).toEqual([
      "target  current  pending  state    drift",
      "app/t4  0000_a         1  behind   not compared",
      "app/t5  (none)         1  behind   not compared",
      "app/t2  0001_b         0  at head  yes, 3 hours ago",
      "app/t1  0001_b         0  at head  no, 5 min ago",
      "app/t3  0001_b         0  at head  no, 3 days ago (outdated)",
      "",
      "Not at head: 2 of 5 targets.",
      "To apply pending migrations, run: npx drizzle-fleet migrate",
      "Drift in 1 of 3 targets when last compared, from 3 days ago to 5 min ago. 1 is outdated: its ledger has changed since. Not compared: 1 target.",
      "To see every difference, run: npx drizzle-fleet drift",
    ]);
  });

  test("splits the groups of a large fleet, without ages", () => {
    const many = range(60).map((number) =>
      compared(at(number, 0), 119, { drifted: number > 57, outdated: number <= 20 }),
    );
    expect(lines(...many)).toEqual([
      "service  current  pending  state    drift          targets  tenants",
      "app      0001_b         0  at head  yes                  3  t58, t59, t60",
      "app      0001_b         0  at head  no (outdated)       20  t1, t2, t3, ...",
      "app      0001_b         0  at head  no                  37  t21, t22, t23, ...",
      "",
      "All 60 targets are at head.",
      "Drift in 3 of 60 targets when last compared, 1 hour ago. 20 are outdated: their ledgers have changed since.",
      "To see every difference, run: npx drizzle-fleet drift",
    ]);
  });

  test("is one line if nothing had drifted, also with a clock that is behind the server's", () => {
    expect(lines(compared(at(1, 0), -3)).slice(-2)).toEqual([
      "1 target is at head.",
      "No drift in 1 target when last compared, just now.",
    ]);
  });

  test("fits a terminal of 80 columns", () => {
    const long = { ...at(1, 0), current: "0003_remarkable_wolverine" };
    const text = statusText([compared(long, 12, { outdated: true })], false, now);
    const rows = wrapLines(text, { isTTY: true, columns: 80 }).split("\n");
    expect(rows.filter((row) => row.length > 80)).toEqual([]);
    expect(rows[1]).toContain("no, 12 min ago (outdated)");
  });
});

describe("one problem of many tenants is one block", () => {
  const forty = range(40).map((number) => at(number, 2, unmanaged(number)));
  const block = [
    'app/t1: the ledger of schema "app-t1" is empty, though the schema holds 2 tables',
    "  -> Record it: drizzle-fleet stamp <tag> --service app --tenant <each of these tenants>. Otherwise move them away.",
    "  at 40 targets: app/t1, app/t2, app/t3, app/t4, app/t5 and 35 more",
  ].join("\n");

  test("in status and plan, although each message names its schema and numbers", () => {
    const planned = planText({ waves: [{ name: "all", canary: false, targets: forty }] });
    for (const text of [shown(forty), planned]) {
      expect(text).toContain(block);
      expect(text.match(/is empty/g)).toHaveLength(1);
    }
  });

  test("with a few named in the command, and a single one shown unchanged", () => {
    expect(shown(forty.slice(0, 2))).toContain("--service app --tenant t1 --tenant t2.");
    expect(shown(forty.slice(2, 3))).toContain(
      [
        'app: the ledger of schema "app-t3" is empty, though the schema holds 4 tables',
        "  -> Record it: drizzle-fleet stamp <tag> --service app --tenant t3. Otherwise move them away.",
        "  at app/t3",
      ].join("\n"),
    );
  });

  test("separate from problems of other migrations", () => {
    const edited = (tag: string): PlanProblem => ({
      ...{ kind: "edited", tag, message: `${tag} was edited`, remedy: "Restore it." },
    });
    const text = shown([at(1, 0, edited("0000_a")), at(2, 0, edited("0001_a"))]);
    expect(text).toContain("app: 0000_a was edited\n  -> Restore it.\n  at app/t1");
    expect(text).toContain("app: 0001_a was edited\n  -> Restore it.\n  at app/t2");
  });

  test("at the end of migrate, also for a tenant whose name is part of other words", () => {
    const failed = ["a", "main-1"].map((schema) => ({
      ...{ name: `app/${schema}`, schema, status: "failed" as const },
      failure: {
        message: `the ledger of schema "${schema}" is locked`,
        remedy: "Wait.",
        retryable: true,
      },
    }));
    expect(failuresText(failed)[0]).toContain("2 targets: app/a, app/main-1");
  });
});

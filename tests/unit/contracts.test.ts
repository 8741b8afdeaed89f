import { describe, expect, test } from "vitest";
import type { LedgerState } from "../../src/core/ledger.ts";
import type { Migration } from "../../src/core/migration.ts";
import { digestOf } from "../../src/ledger/digest.ts";
import type { ContractFacts } from "../../src/plan/contracts.ts";
import { planTargetDowngrade } from "../../src/plan/downgrade.ts";
import { historyOf } from "../../src/plan/history.ts";
import { type PlanRules, planTarget } from "../../src/plan/migrate.ts";
import { planTargetStamp } from "../../src/plan/stamp.ts";
import { planTargets } from "../../src/plan/targets.ts";
import { positionOf } from "../../src/plan/unfinished.ts";
import { heldIn, heldText } from "../../src/report/held.ts";
import { contractMarks, contractProblems } from "../../src/source/contracts.ts";

const day = 86_400_000;

function migration(tag: string, more: Partial<Migration> = {}): Migration {
  const own = { service: "app", tag, file: `${tag}.sql`, checksum: `sum-${tag}`, text: "" };
  return { ...own, downFile: `${tag}.down.sql`, ...more };
}

/** The third of four migrations is a contract. */
const migrations = [
  migration("0000_a"),
  migration("0001_expand"),
  migration("0002_contract", { contract: { after: "0001_expand", waitMs: 14 * day, line: 1 } }),
  migration("0003_d"),
];
const history = historyOf(migrations);
const target = { database: "main", service: "app", tenant: "t", schema: "app_t" };
const entriesOf = (tags: readonly string[]) => tags.map((tag) => ({ tag, checksum: `sum-${tag}` }));
const applied = (...tags: string[]): LedgerState => ({ kind: "ledger", entries: entriesOf(tags) });
const now = new Date("2026-12-20T00:00:00Z");
const since = (days: number): ContractFacts => ({
  now,
  appliedAt: new Map([["0001_expand", new Date(now.getTime() - days * day)]]),
});
const plan = (state: LedgerState, rules: Partial<PlanRules> = {}, of = history) =>
  planTarget(target, of, state, { allowOutOfOrder: false, ...rules });
const tagsOf = (...args: Parameters<typeof plan>) => plan(...args).steps.map(({ tag }) => tag);

describe("a contract is held back", () => {
  test("it is not pending, not out of order and no problem, and the later migrations are applied", () => {
    const before = plan(applied("0000_a", "0001_expand"), { facts: since(1) });
    expect(before).toMatchObject({ pending: 1, problems: [], steps: [{ tag: "0003_d" }] });
    const ripeAt = new Date("2027-01-02T00:00:00Z");
    expect(before.held).toEqual([
      { tag: "0002_contract", after: "0001_expand", ripeAt, ripe: false },
    ]);
    const after = plan(applied("0000_a", "0001_expand", "0003_d"));
    expect(after).toMatchObject({ pending: 0, problems: [], steps: [], current: "0003_d" });
    expect(after.held).toEqual([{ tag: "0002_contract", after: "0001_expand", ripe: false }]);
  });

  test("the steps around it expect the ledgers that they find", () => {
    const [step] = plan(applied("0000_a", "0001_expand")).steps;
    expect(step).toMatchObject({
      ledger: digestOf(entriesOf(["0000_a", "0001_expand"])),
      ledgerAfter: digestOf(entriesOf(["0000_a", "0001_expand", "0003_d"])),
    });
    const late = applied("0000_a", "0001_expand", "0003_d");
    const [contract] = plan(late, { contract: "ripe", facts: since(14) }).steps;
    expect(contract).toMatchObject({
      tag: "0002_contract",
      ledger: digestOf(entriesOf(["0000_a", "0001_expand", "0003_d"])),
      ledgerAfter: digestOf(entriesOf(migrations.map(({ tag }) => tag))),
    });
  });

  test("ripe is what waited long enough in this target, to the millisecond", () => {
    const state = applied("0000_a", "0001_expand", "0003_d");
    const ripe = (days: number) => tagsOf(state, { contract: "ripe", facts: since(days) });
    expect(ripe(14)).toEqual(["0002_contract"]);
    expect(ripe(14 - 1 / day)).toEqual([]);
    expect(tagsOf(state, { contract: "ripe" })).toEqual([]);
    expect(tagsOf(state, { facts: since(100) })).toEqual([]);
    expect(plan(state, { facts: since(100) }).held).toMatchObject([{ ripe: true }]);
    expect(tagsOf(state, { contract: "all" })).toEqual(["0002_contract"]);
  });

  test("a migration that an earlier migrate must have skipped is still out of order", () => {
    expect(plan(applied("0000_a", "0003_d")).problems).toMatchObject([
      { kind: "outOfOrder", tag: "0001_expand" },
    ]);
  });

  test("one that was begun is finished without being asked", () => {
    const partial = { applied: 1, appliedChecksum: "x", begun: false };
    const entries = [
      ...entriesOf(["0000_a", "0001_expand", "0003_d"]),
      { tag: "0002_contract", checksum: "sum-0002_contract", partial },
    ];
    expect(plan({ kind: "ledger", entries })).toMatchObject({
      problems: [],
      steps: [{ tag: "0002_contract", resumeAt: 1 }],
    });
  });

  test("a new target gets it in its place if others have it", () => {
    const fresh: LedgerState = { kind: "noSchema" };
    expect(tagsOf(fresh)).toEqual(["0000_a", "0001_expand", "0003_d"]);
    const facts = { now, inPlace: new Set(["0002_contract"]) };
    expect(tagsOf(fresh, { facts })).toEqual(migrations.map(({ tag }) => tag));
    // A retry plans it again after the first step.
    expect(tagsOf(applied("0000_a"), { facts })).toEqual(migrations.slice(1).map(({ tag }) => tag));
  });

  test("a migration that requires it waits for it, but not in a new target", () => {
    const dependent = migration("0004_e", { requires: ["0002_contract"] });
    const of = historyOf([...migrations, dependent]);
    const state = applied("0000_a", "0001_expand", "0003_d");
    expect(plan(state, {}, of)).toMatchObject({
      steps: [],
      problems: [{ kind: "held", tag: "0004_e" }],
    });
    const ripe = { contract: "ripe", facts: since(20) } as const;
    expect(tagsOf(state, ripe, of)).toEqual(["0002_contract", "0004_e"]);
    expect(tagsOf({ kind: "noSchema" }, {}, of)).toHaveLength(5);
  });

  test("targets in the same state do not share steps if one contract is ripe only in one of them", () => {
    const state = applied("0000_a");
    const targets = ["x", "y"].map((tenant) => ({ ...target, tenant }));
    const factsOf = ({ tenant }: { tenant: string | undefined }) => since(tenant === "x" ? 20 : 1);
    const plans = planTargets(
      targets,
      new Map([["app", history]]),
      () => state,
      (one, own, at, facts) =>
        planTarget(one, own, at, { allowOutOfOrder: false, contract: "ripe", facts }),
      factsOf,
    );
    expect(plans.map(({ steps }) => steps.length)).toEqual([3, 2]);
  });

  test("--failed does not count it as missing", () => {
    const state = applied("0000_a", "0001_expand", "0003_d");
    expect(positionOf(history, state, plan(state).held).missing).toBe(4);
    expect(positionOf(history, state).missing).toBe(2);
  });

  test("ledgers without the newest contracts are known before they are read", () => {
    expect([...history.known.values()].map((entries) => entries.length).sort()).toEqual([
      ...[0, 1, 2, 3, 3, 4],
    ]);
    const digest = digestOf(entriesOf(["0000_a", "0001_expand", "0003_d"]));
    expect(history.known.get(digest)).toHaveLength(3);
  });
});

describe("stamp and downgrade", () => {
  const recorded = (state: LedgerState, goal: Parameters<typeof planTargetStamp>[3]) =>
    planTargetStamp(target, history, state, goal).steps[0]?.entries?.map(({ tag }) => tag);

  test("stamp records a contract if it is named, asked for, or already recorded", () => {
    const empty = applied();
    expect(recorded(empty, { head: true })).toEqual(["0000_a", "0001_expand", "0003_d"]);
    expect(recorded(empty, { head: true, contract: true })).toHaveLength(4);
    expect(recorded(empty, { tag: "0002_contract" })).toHaveLength(3);
    expect(recorded(empty, { tag: "0003_d" })).toHaveLength(3);
    const before = applied("0000_a", "0001_expand", "0002_contract");
    expect(recorded(before, { head: true })).toHaveLength(4);
    expect(recorded(applied("0000_a", "0001_expand", "0003_d"), { head: true })).toBeUndefined();
  });

  test("downgrade reverts in the order of the history, and names the contract that stays", () => {
    const late = applied("0000_a", "0001_expand", "0003_d", "0002_contract");
    const back = planTargetDowngrade(target, history, late, { count: 1 });
    expect(back).toMatchObject({ floor: "0002_contract", steps: [{ tag: "0003_d" }] });
    const below = planTargetDowngrade(target, history, late, { tag: "0000_a" });
    expect(below.steps.map(({ tag }) => tag)).toEqual(["0003_d", "0002_contract", "0001_expand"]);
    expect(below.floor).toBeUndefined();
  });
});

describe("the mark", () => {
  const problemsOf = (...texts: string[]) =>
    contractProblems(
      texts.map((text, index) => ({ tag: `000${index}`, file: `000${index}.sql`, text })),
    ).map(({ where, message }) => `${where} ${message}`);

  test("says after which migration, and for how long", () => {
    expect(contractMarks("-- a\n  -- drizzle-fleet: contract after 0001 2w\nSELECT 1")).toEqual({
      contract: { after: "0001", waitMs: 14 * day, line: 2 },
    });
    expect(contractMarks("-- drizzle-fleet: requires 0001")).toEqual({ requires: ["0001"] });
    expect(problemsOf("", "-- drizzle-fleet: contract after 0000 0s")).toEqual([]);
  });

  test.each([
    ["contract", "does not say which migration it follows"],
    ["contract after 0000", "does not say which migration it follows"],
    ["contract after 0000 two weeks", "which is not a duration"],
    ["contract after 0000 4000d", "which is not a duration"],
    ["contract after 0002 14d", "which does not come before it"],
    ["contract after 0001 14d", "which does not come before it"],
    ["contract after 0009 14d", "which is not a migration of this service"],
    ["requires 0000", "which is not a contract"],
    ["requires 0009", "which is not a migration before it"],
    [
      "contract after 0000 14d\n-- drizzle-fleet: contract after 0000 7d",
      "marked as a contract twice",
    ],
  ])("%s is refused", (mark, message) => {
    const [problem, ...others] = problemsOf("", `\n-- drizzle-fleet: ${mark}`, "");
    expect(problem).toMatch(/^0001\.sql:[23] /);
    expect(problem).toContain(message);
    expect(others).toEqual([]);
  });
});

test("what is held back is counted, with its first and last day", () => {
  const held = (tenant: string, days: number) => ({
    target: { ...target, tenant },
    held: plan(applied("0000_a", "0001_expand", "0003_d"), { facts: since(days) }).held ?? [],
  });
  const waiting = { target, held: plan(applied("0000_a")).held ?? [] };
  const all = heldIn([held("a", 20), held("b", 14), held("c", 2), held("d", 4), waiting]);
  expect(heldText(all)).toEqual([
    "1 contract is held back:",
    "  app 0002_contract: ripe in 2 targets, from 2026-12-30 to 2027-01-01 in 2, after 0001_expand in 1 target",
    "To apply what is ripe, run: npx drizzle-fleet migrate --contract",
  ]);
  expect(heldText(heldIn([held("c", 2)]))).toEqual([
    "1 contract is held back:",
    "  app 0002_contract: from 2027-01-01 in 1 target",
  ]);
  expect(heldText([])).toEqual([]);
});

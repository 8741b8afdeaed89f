import { describe, expect, test } from "vitest";
import type { LedgerEntry, LedgerState } from "../../src/core/ledger.ts";
import type { Migration } from "../../src/core/migration.ts";
import { digestOf } from "../../src/ledger/digest.ts";
import { type DowngradeGoal, goalOf, planTargetDowngrade } from "../../src/plan/downgrade.ts";
import { historyOf, matchEntries } from "../../src/plan/history.ts";
import { planTarget } from "../../src/plan/migrate.ts";

const migration = (tag: string, checksum = `sum-${tag}`): Migration => ({
  service: "app",
  tag,
  file: `${tag}.sql`,
  checksum,
  text: "",
  downFile: `${tag}.down.sql`,
});
const history = historyOf(["0000_a", "0001_b", "0002_c"].map((tag) => migration(tag)));
const target = { database: "main", service: "app", tenant: "t", schema: "app_t" };
const entry = (tag: string, checksum = `sum-${tag}`): LedgerEntry => ({ tag, checksum });
const ledger = (...entries: LedgerEntry[]): LedgerState => ({ kind: "ledger", entries });
const all = [entry("0000_a"), entry("0001_b"), entry("0002_c")];
const cutOff = (applied: number, begun = false) => ({
  partial: { applied, appliedChecksum: "text", begun },
});

const plan = (state: LedgerState, goal: DowngradeGoal) =>
  planTargetDowngrade(target, history, state, goal);
const tags = (state: LedgerState, goal: DowngradeGoal) =>
  plan(state, goal).steps.map(({ tag }) => tag);

describe("planDowngrade", () => {
  test("reverts N migrations, the newest first, and no more than exist", () => {
    expect(tags(ledger(...all), { count: 1 })).toEqual(["0002_c"]);
    expect(tags(ledger(...all), { count: 2 })).toEqual(["0002_c", "0001_b"]);
    expect(tags(ledger(...all), { count: 9 })).toEqual(["0002_c", "0001_b", "0000_a"]);
    expect(tags(ledger(...all), { count: 0 })).toEqual([]);
  });

  test("reverts what comes after a migration, or everything", () => {
    expect(tags(ledger(...all), { tag: "0000_a" })).toEqual(["0002_c", "0001_b"]);
    expect(tags(ledger(...all), { tag: "0002_c" })).toEqual([]);
    expect(tags(ledger(...all), { base: true })).toEqual(["0002_c", "0001_b", "0000_a"]);
  });

  test("reverts only what the ledger contains: a target that is behind has nothing to do", () => {
    expect(plan(ledger(all[0] as LedgerEntry), { tag: "0001_b" })).toMatchObject({
      steps: [],
      problems: [],
      pending: 0,
      current: "0000_a",
    });
    for (const state of [{ kind: "noSchema" }, { kind: "noLedger", relations: 0 }] as const)
      expect(plan(state, { base: true })).toMatchObject({ steps: [], problems: [] });
    // 0001_b was merged after 0002_c was applied, and is not applied here.
    expect(tags(ledger(entry("0000_a"), entry("0002_c")), { count: 2 })).toEqual([
      "0002_c",
      "0000_a",
    ]);
  });

  test("each step expects the ledger that the step before it leaves, and creates nothing", () => {
    const { steps, create } = plan(ledger(...all), { base: true });
    expect(steps.map((step) => step.ledger)).toEqual([
      digestOf(all),
      digestOf(all.slice(0, 2)),
      digestOf(all.slice(0, 1)),
    ]);
    expect(steps.every(({ action }) => action === "downgrade")).toBe(true);
    expect(create).toBe("nothing");
  });

  test("resumes an interrupted down, and removes its entry with that of its migration", () => {
    const entries = [...all, { ...entry("0002_c.down", "down"), ...cutOff(2, true) }];
    const { steps, problems } = plan(ledger(...entries), { count: 2 });
    expect(problems).toEqual([]);
    expect(steps[0]).toMatchObject({
      tag: "0002_c",
      resumeAt: 2,
      resumeChecksum: "text",
      begun: true,
      ledger: digestOf(entries),
    });
    expect(steps[1]).toMatchObject({
      tag: "0001_b",
      resumeAt: 0,
      begun: false,
      ledger: digestOf(all.slice(0, 2)),
    });
  });

  test("an interrupted down prevents everything except resuming it", () => {
    const entries = [...all, { ...entry("0002_c.down", "down"), ...cutOff(1) }];
    const [problem] = plan(ledger(...entries), { tag: "0002_c" }).problems;
    expect(problem).toMatchObject({
      kind: "unfinished",
      tag: "0002_c",
      remedy: "To continue it, run: npx drizzle-fleet downgrade 0001_b",
    });
    const rules = { allowOutOfOrder: true };
    const forwards = planTarget(target, history, ledger(...entries), rules);
    expect(forwards).toMatchObject({ steps: [], problems: [problem] });
    // An interrupted down of the first migration.
    const first = [entry("0000_a"), { ...entry("0000_a.down", "down"), ...cutOff(1) }];
    expect(planTarget(target, history, ledger(...first), rules).problems).toMatchObject([
      { remedy: "To continue it, run: npx drizzle-fleet downgrade base" },
    ]);
    // For an interrupted down of a migration that this checkout lacks, the remedy does not name base.
    const strange = [...all, entry("0009_x"), { ...entry("0009_x.down", "down"), ...cutOff(1) }];
    const kinds = plan(ledger(...strange), { base: true }).problems;
    expect(kinds.map(({ kind }) => kind)).toEqual(["unknown", "unfinished"]);
    expect(kinds[1]?.remedy).toContain("Check out the version");
  });

  test("plans no steps if a migration is unknown, edited or partly applied", () => {
    const problem = (...entries: LedgerEntry[]) => {
      const { steps, problems } = plan(ledger(...entries), { count: 1 });
      expect(steps).toEqual([]);
      return problems.map(({ kind, tag }) => `${kind} ${tag}`);
    };
    expect(problem(...all, entry("0003_d"))).toEqual(["unknown 0003_d"]);
    expect(problem(entry("0000_a", "other"), entry("0001_b"))).toEqual(["edited 0000_a"]);
    expect(problem(entry("0000_a"), { ...entry("0001_b"), ...cutOff(1) })).toEqual([
      "unfinished 0001_b",
    ]);
    for (const state of [{ kind: "locked" }, { kind: "unreadable" }] as const)
      expect(plan(state, { base: true }).problems).toMatchObject([{ kind: state.kind }]);
  });
});

describe("goalOf", () => {
  test("names the migration that stays, so that repeating the goal reverts no more", () => {
    const again = (state: LedgerState, goal: DowngradeGoal) => goalOf(plan(state, goal), history);
    expect(again(ledger(...all), { count: 1 })).toEqual({ tag: "0001_b" });
    expect(again(ledger(...all), { count: 3 })).toEqual({ base: true });
    expect(again(ledger(), { count: 1 })).toBeUndefined();
    // 0001_b may be applied out of order in the meantime, and then stays applied.
    expect(again(ledger(entry("0000_a"), entry("0002_c")), { count: 1 })).toEqual({
      tag: "0001_b",
    });
  });
});

describe("a converted folder", () => {
  const converted = historyOf([
    migration("20260101000000_a", "sum-0000_a"),
    migration("20260102000000_b", "sum-0001_b"),
    migration("20260103000000_c", "sum-0002_c"),
  ]);

  test("is downgraded under the tags in the ledger", () => {
    const entries = [...all, { ...entry("0002_c.down", "down"), ...cutOff(1) }];
    const { steps, problems } = planTargetDowngrade(target, converted, ledger(...entries), {
      count: 2,
    });
    expect(problems).toEqual([]);
    expect(steps).toMatchObject([
      { tag: "20260103000000_c", recordedAs: "0002_c", resumeAt: 1, ledger: digestOf(entries) },
      {
        tag: "20260102000000_b",
        recordedAs: "0001_b",
        resumeAt: 0,
        ledger: digestOf(all.slice(0, 2)),
      },
    ]);
    const forwards = planTarget(target, converted, ledger(...entries), { allowOutOfOrder: false });
    expect(forwards.problems).toMatchObject([
      {
        kind: "unfinished",
        tag: "20260103000000_c",
        remedy: expect.stringMatching(/ 20260102000000_b$/),
      },
    ]);
  });

  test("matches entries with equal text in the order of the history, each once", () => {
    const same = historyOf(["x", "y", "z"].map((tag) => migration(tag, "same")));
    const names = (...entries: LedgerEntry[]) => {
      const { byTag, strange } = matchEntries(same, entries);
      return [[...byTag].map(([tag, found]) => `${tag}=${found.tag}`), strange.length];
    };
    expect(names(entry("0001", "same"), entry("0000", "same"))).toEqual([["x=0000", "y=0001"], 0]);
    // One was applied after the conversion, under its new name.
    expect(names(entry("y", "same"), entry("0000", "same"))).toEqual([["y=y", "x=0000"], 0]);
    const four = ["0000", "0001", "0002", "0003"].map((tag) => entry(tag, "same"));
    expect(names(...four)).toEqual([["x=0000", "y=0001", "z=0002"], 1]);
    // An interrupted migration matches only by its tag: its checksum does not show what it left behind.
    expect(names({ ...entry("0000", "same"), ...cutOff(1) })).toEqual([[], 1]);
  });
});

import { describe, expect, test } from "vitest";
import type { LedgerState } from "../../src/core/ledger.ts";
import type { Migration } from "../../src/core/migration.ts";
import { digestOf } from "../../src/ledger/digest.ts";
import { historyOf } from "../../src/plan/history.ts";
import { planTargetStamp, type StampGoal } from "../../src/plan/stamp.ts";

const tags = ["0000_a", "0001_b", "0002_c"];
const history = historyOf(
  tags.map(
    (tag): Migration => ({
      service: "app",
      tag,
      file: `${tag}.sql`,
      checksum: `sum-${tag}`,
      text: "",
      downFile: `${tag}.down.sql`,
    }),
  ),
);
const target = { database: "main", service: "app", tenant: "t", schema: "app_t" };
const entry = (tag: string, checksum = `sum-${tag}`) => ({ tag, checksum });
const plan = (state: LedgerState, goal: StampGoal) => planTargetStamp(target, history, state, goal);
const ledger = (...entries: ReturnType<typeof entry>[]): LedgerState => ({
  kind: "ledger",
  entries,
});

describe("planStamp", () => {
  test.each([
    [{ head: true }, tags, "0002_c"],
    [{ tag: "0001_b" }, ["0000_a", "0001_b"], "0001_b"],
    [{ base: true }, [], "base"],
    [{ entries: [entry("0000_a"), entry("0002_c")] }, ["0000_a", "0002_c"], "0002_c"],
  ] as const)("plans one step for %j, and creates a missing ledger", (goal, wanted, tag) => {
    const { steps, create, problems } = plan({ kind: "noLedger", relations: 7 }, goal);
    expect({ create, problems }).toEqual({ create: "ledger", problems: [] });
    expect(steps).toMatchObject([
      { action: "stamp", tag, entries: wanted.map((one) => entry(one)) },
    ]);
  });

  test("expects the ledger that the plan saw", () => {
    const entries = [entry("0000_a"), entry("0009_strange")];
    const { steps, create } = plan({ kind: "ledger", entries }, { head: true });
    expect(steps[0]?.ledger).toBe(digestOf(entries));
    expect(create).toBe("nothing");
  });

  test("plans nothing if the ledger is already as wanted", () => {
    const state = ledger(entry("0001_b"), entry("0000_a"));
    expect(plan(state, { tag: "0001_b" })).toMatchObject({ steps: [], problems: [] });
    expect(plan(ledger(), { base: true }).steps).toEqual([]);
    expect(plan(state, { head: true }).steps).toHaveLength(1);
  });

  test("ignores unknown, edited and unfinished entries", () => {
    const partial = { applied: 1, appliedChecksum: "x", begun: true };
    const entries = [entry("0000_a", "old"), { ...entry("0001_b"), partial }, entry("0009_gone")];
    const { steps, problems } = plan({ kind: "ledger", entries }, { tag: "0001_b" });
    expect(problems).toEqual([]);
    expect(steps).toHaveLength(1);
    const whole = [entry("0000_a"), { ...entry("0001_b"), partial }];
    expect(plan({ kind: "ledger", entries: whole }, { tag: "0001_b" }).steps).toHaveLength(1);
  });

  test("reports a missing schema as a problem, except for base", () => {
    expect(plan({ kind: "noSchema" }, { head: true })).toMatchObject({
      steps: [],
      problems: [{ kind: "noSchema" }],
    });
    expect(plan({ kind: "noSchema" }, { base: true })).toMatchObject({ steps: [], problems: [] });
  });

  test.each(["unreadable", "locked"] as const)(
    "reports a ledger that is %s as a problem",
    (kind) => {
      expect(plan({ kind }, { head: true })).toMatchObject({ steps: [], problems: [{ kind }] });
    },
  );
});

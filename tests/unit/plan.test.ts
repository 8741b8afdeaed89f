import { describe, expect, test } from "vitest";
import type { LedgerState } from "../../src/core/ledger.ts";
import type { Migration } from "../../src/core/migration.ts";
import { digestOf } from "../../src/ledger/digest.ts";
import { historyOf } from "../../src/plan/history.ts";
import { planTarget } from "../../src/plan/migrate.ts";
import { planTargets } from "../../src/plan/targets.ts";

const migrations = ["0000_a", "0001_b", "0002_c"].map(
  (tag): Migration => ({
    service: "app",
    tag,
    file: `${tag}.sql`,
    checksum: `sum-${tag}`,
    text: "",
    downFile: `${tag}.down.sql`,
  }),
);
const history = historyOf(migrations);
const target = { database: "main", service: "app", tenant: "t", schema: "app_t" };
const applied = (...tags: string[]): LedgerState => ({
  kind: "ledger",
  entries: tags.map((tag) => ({ tag, checksum: `sum-${tag}` })),
});
const rules = { allowOutOfOrder: false };
const tags = (state: LedgerState) =>
  planTarget(target, history, state, rules).steps.map(({ tag }) => tag);

describe("planTarget", () => {
  test("plans everything for a new target, with its schema and ledger", () => {
    const plan = planTarget(target, history, { kind: "noSchema" }, rules);
    expect(plan).toMatchObject({
      create: "schemaAndLedger",
      current: undefined,
      pending: 3,
      problems: [],
    });
    expect(plan.steps.map(({ tag }) => tag)).toEqual(["0000_a", "0001_b", "0002_c"]);
    expect(tags({ kind: "noLedger", relations: 0 })).toHaveLength(3);
  });

  test("follows the set of applied tags, and is empty after success", () => {
    expect(tags(applied("0000_a"))).toEqual(["0001_b", "0002_c"]);
    expect(tags(applied("0001_b", "0000_a"))).toEqual(["0002_c"]);
    expect(tags(applied("0000_a", "0001_b", "0002_c"))).toEqual([]);
  });

  test("expects at each step the ledger that the step before it leaves", () => {
    const { steps } = planTarget(target, history, applied("0000_a"), rules);
    expect(steps.map(({ ledger }) => ledger)).toEqual([
      digestOf([{ tag: "0000_a", checksum: "sum-0000_a" }]),
      digestOf([
        { tag: "0001_b", checksum: "sum-0001_b" },
        { tag: "0000_a", checksum: "sum-0000_a" },
      ]),
    ]);
  });

  test("resumes an interrupted migration where it stopped, even if its rest was edited", () => {
    const partial = { applied: 2, appliedChecksum: "x", begun: true };
    const entries = [
      { tag: "0000_a", checksum: "sum-0000_a" },
      { tag: "0001_b", checksum: "older", partial },
    ];
    const plan = planTarget(target, history, { kind: "ledger", entries }, rules);
    expect(plan.problems).toEqual([]);
    expect(plan.steps[0]).toMatchObject({
      tag: "0001_b",
      resumeAt: 2,
      resumeChecksum: "x",
      begun: true,
      ledger: digestOf(entries),
    });
    expect(plan.steps[1]).toMatchObject({ tag: "0002_c", resumeAt: 0, ledger: history.digests[2] });
  });

  test("plans no steps for a target with a problem, and still counts what is missing", () => {
    const plan = planTarget(target, history, applied("0000_a", "0002_c"), rules);
    expect(plan).toMatchObject({
      steps: [],
      pending: 1,
      problems: [{ kind: "outOfOrder", tag: "0001_b" }],
    });
  });
});

test("a plan is data: the same input gives the same plan, it survives JSON, and equal targets share their steps", () => {
  const targets = ["a", "b", "c"].map((tenant) => ({ ...target, tenant, schema: `app_${tenant}` }));
  const histories = new Map([["app", history]]);
  const build = () =>
    planTargets(
      targets,
      histories,
      ({ tenant }) => (tenant === "c" ? applied("0000_a") : { kind: "noSchema" }),
      (one, own, state) => planTarget(one, own, state, rules),
    );
  const plan = build();
  expect(JSON.parse(JSON.stringify(plan))).toEqual(JSON.parse(JSON.stringify(build())));
  const [a, b, c] = plan;
  expect(a?.steps).toBe(b?.steps);
  expect(a?.steps).not.toBe(c?.steps);
});

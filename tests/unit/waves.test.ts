import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amountOf } from "../../src/core/amount.ts";
import type { TargetPlan } from "../../src/core/plan.ts";
import { targetsOf } from "../../src/core/plan.ts";
import { type Division, divideIntoWaves } from "../../src/plan/waves.ts";

/** The plan of a target, with one step if anything is pending. */
function plan(service: string, tenant: string | undefined, pending = 1): TargetPlan {
  const step = {
    action: "apply",
    tag: "0",
    checksum: "",
    resumeAt: 0,
    resumeChecksum: "",
  } as const;
  return {
    target: { database: "main", service, tenant, schema: `${service}_${tenant ?? ""}` },
    current: undefined,
    steps: pending > 0 ? [{ ...step, begun: false, ledger: "", ledgerAfter: "" }] : [],
    pending,
    problems: [],
    create: "nothing",
    sealed: true,
  };
}

const shape = (targets: readonly TargetPlan[], division: Division) =>
  divideIntoWaves(targets, division).waves.map(({ name, canary, targets: own }) => [
    canary ? `${name}!` : name,
    own.map(({ target }) => `${target.service}/${target.tenant ?? "-"}`).join(" "),
  ]);

const fleet = ["a", "b", "c", "d"].flatMap((tenant) => [
  plan("auth", tenant),
  plan("flow", tenant),
]);

describe("divide", () => {
  test("makes one wave without options, also if it is empty", () => {
    expect(shape(fleet.slice(0, 2), {})).toEqual([["all", "auth/a flow/a"]]);
    expect(shape([], {})).toEqual([["all", ""]]);
    expect(shape([plan("auth", "a", 0)], { canary: { count: 1 } })).toEqual([["all", "auth/a"]]);
  });

  test("keeps a tenant's targets together, and those without a tenant after the canary", () => {
    const all = [plan("single", undefined), ...fleet];
    expect(shape(all, { canary: { count: 1 }, size: { count: 2 } })).toEqual([
      ["canary!", "auth/a flow/a"],
      ["wave 1 of 2", "single/- auth/b flow/b auth/c flow/c"],
      ["wave 2 of 2", "auth/d flow/d"],
    ]);
  });

  test("accepts a wave with the name of the canary", () => {
    const all = [plan("single", undefined), plan("auth", "a"), plan("auth", "b")];
    const groups = [{ name: "canary", tenants: new Set(["a"]) }];
    expect(shape(all, { groups })).toEqual([
      ["canary", "single/- auth/a"],
      ["the rest", "auth/b"],
    ]);
  });

  test("counts only tenants that have something to do; the others come last", () => {
    const some = [plan("auth", "idle", 0), ...fleet.slice(0, 4)];
    expect(shape(some, { canary: { count: 1 } })).toEqual([
      ["canary!", "auth/a flow/a"],
      ["all", "auth/b flow/b auth/idle"],
    ]);
    expect(shape(some, { canary: { tenants: new Set(["idle"]) } })).toEqual([
      ["all", "auth/a flow/a auth/b flow/b auth/idle"],
    ]);
  });

  test("contains each target exactly once", () => {
    const tenant = fc.integer({ min: 0, max: 9 }).map((number) => `t${number}`);
    const targets = fc.uniqueArray(
      fc.record({
        service: fc.constantFrom("auth", "flow"),
        tenant: fc.option(tenant, { nil: undefined }),
        pending: fc.constantFrom(0, 1),
      }),
      { selector: ({ service, tenant: own }) => `${service}/${own}` },
    );
    const names = fc.array(tenant).map((list) => new Set(list));
    const division = fc.record(
      {
        canary: fc.oneof(
          fc.record({ count: fc.integer({ min: 1, max: 12 }) }),
          fc.record({ tenants: names }),
        ),
        groups: fc.array(fc.record({ name: fc.string(), tenants: names }), { maxLength: 3 }),
        size: fc.oneof(
          fc.record({ count: fc.integer({ min: 1, max: 5 }) }),
          fc.record({ percent: fc.integer({ min: 0, max: 100 }) }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(targets, division, (list, wish) => {
        const plans = list.map((one) => plan(one.service, one.tenant, one.pending));
        const divided = targetsOf(divideIntoWaves(plans, wish));
        expect(new Set(divided)).toEqual(new Set(plans));
        expect(divided).toHaveLength(plans.length);
      }),
      { numRuns: 500 },
    );
  });
});

test("a share is rounded down: 1% of 50 targets allows no failure", () => {
  expect(amountOf({ percent: 1 }, 50)).toBe(0);
  expect(amountOf({ percent: 10 }, 55)).toBe(5);
  expect(amountOf({ count: 7 }, 3)).toBe(7);
});

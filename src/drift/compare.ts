import { type DriftShape, driftClasses, type UnmodelledKind } from "../core/drift.ts";
import type { Target } from "../core/target.ts";
import type { OpenFleet } from "../fleet/open-fleet.ts";
import type { Selection } from "../tenants/targets.ts";
import { type AllowanceProblem, Allowances } from "./allowed.ts";
import { changesBetween, type ObjectChange } from "./differences.ts";
import { acceptUndecided } from "./environment.ts";
import { type Expected, type ExpectedOf, expectedSchemas, majorityOf } from "./expected.ts";
import { lookAtFleet, recordLook, type UncomparedTarget } from "./look.ts";
import type { EqualTargets } from "./read-fleet.ts";
import { unmodelledKinds } from "./unmodelled.ts";

/** What to compare, and with what. */
export interface DriftRequest extends Selection {
  /**
   * `expected`: a replay of exactly the migrations in each ledger. `majority`: what most tenants with the same ledger have.
   * Default: `expected`.
   */
  readonly against?: "expected" | "majority";
  /** Read every schema, also those that have not changed since the last look. */
  readonly full?: boolean;
}

/** Targets with the same differences, and what these are in detail. */
export interface ComparedShape {
  readonly shape: DriftShape;
  /** One change for each difference, in the same order. */
  readonly changes: readonly ObjectChange[];
  /** The first targets that were found like this: they have equal schemas. */
  readonly sample: EqualTargets;
  /** What these should contain. */
  readonly expected: Expected;
  /** What each target of the shape was compared with, and its ledger. */
  readonly members: ReadonlyMap<Target, ComparedTarget>;
}

/** One target of a comparison. */
export interface ComparedTarget {
  readonly expected: Expected;
  readonly entries: EqualTargets["entries"];
}

/** What a comparison of a fleet found. */
export interface Comparison {
  /** The most serious first. Those without differences come last. */
  readonly shapes: readonly ComparedShape[];
  readonly uncompared: readonly UncomparedTarget[];
  readonly unmodelled: readonly UnmodelledKind[];
  readonly allowances: readonly AllowanceProblem[];
  /** The differences that the configuration accepts. */
  readonly allowed: Allowances;
}

/**
 * Compares the targets of an open fleet with what their ledgers say, and records the verdicts. See `drift`.
 *
 * @throws FleetError as `drift` does
 */
export async function compareFleet(fleet: OpenFleet, request: DriftRequest): Promise<Comparison> {
  const { services, tenants, databases } = request;
  const isWhole = [...services, ...tenants, ...databases].length === 0;
  const look = await lookAtFleet(fleet, request.full === true);
  const expectedOf =
    request.against === "majority" ? majorityOf(look.found) : await expectedSchemas(fleet, look);
  const today = new Date().toISOString().slice(0, 10);
  const allowed = new Allowances(fleet.context.config.fleet.drift.allow, today);
  const shapes = shapesOf(look.found, expectedOf, allowed);
  const drifted = new Set(
    shapes.flatMap(({ shape: { differences, targets } }) =>
      differences.length > 0 ? targets : [],
    ),
  );
  await recordLook(fleet, look, drifted);
  const allowances = allowed.problems().filter((one) => isWhole || one.problem === "expired");
  const { uncompared } = look;
  return { shapes, uncompared, unmodelled: unmodelledKinds(look), allowances, allowed };
}

/** A shape to which targets are being added. */
interface OpenShape {
  readonly compared: ComparedShape;
  readonly targets: Target[];
  readonly members: Map<Target, ComparedTarget>;
}

/** Groups targets by their differences. */
function shapesOf(
  found: readonly EqualTargets[],
  expectedOf: ExpectedOf,
  allowed: Allowances,
): ComparedShape[] {
  const shapes = new Map<string, OpenShape>();
  for (const equal of found) {
    const expected = expectedOf(equal);
    const all = changesBetween(expected.objects, acceptUndecided(expected.objects, equal.objects));
    for (const target of equal.targets) {
      const changes = allowed.remaining(target, all);
      const differences = changes.map(({ difference }) => difference);
      const at = changes.length === 0 ? null : (equal.entries.at(-1)?.tag ?? null);
      const key = JSON.stringify([equal.service, at, differences]);
      const known = shapes.get(key);
      const member = { expected, entries: equal.entries };
      if (known !== undefined) {
        known.targets.push(target);
        known.members.set(target, member);
      } else {
        const targets = [target];
        const members = new Map([[target, member]]);
        const shape = { service: equal.service, at, targets, differences, repair: null };
        const compared = { shape, changes, sample: equal, expected, members };
        shapes.set(key, { compared, targets, members });
      }
    }
  }
  return [...shapes.values()]
    .map(({ compared }) => compared)
    .sort((left, right) => rankOf(left.shape) - rankOf(right.shape));
}

function rankOf({ differences }: DriftShape): number {
  const classes = differences.map((one) => one.class);
  const worst = driftClasses.findIndex((one) => classes.includes(one));
  return worst < 0 ? 3 : worst;
}

import type { SchemaObject } from "../catalog/properties.ts";
import { type DriftShape, driftClasses, type UnmodelledKind } from "../core/drift.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import type { OpenFleet } from "../fleet/open-fleet.ts";
import { type History, historyOf, matchEntries } from "../plan/history.ts";
import { benchOf, withScratch } from "../proof/scratch.ts";
import { loadParser } from "../sql/parser.ts";
import type { Selection } from "../tenants/targets.ts";
import { type AllowanceProblem, Allowances } from "./allowed.ts";
import { changesBetween, type ObjectChange } from "./differences.ts";
import { acceptUndecided, type CountedObjects, withEnvironment } from "./environment.ts";
import { expectedObjects } from "./expected.ts";
import { type Look, lookAtFleet, majorVersion, recordLook, type UncomparedTarget } from "./look.ts";
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
  /** What they should have. */
  readonly expected: readonly SchemaObject[];
}

/** What a comparison of a fleet found. */
export interface Comparison {
  /** The most serious first. Those without differences come last. */
  readonly shapes: readonly ComparedShape[];
  readonly uncompared: readonly UncomparedTarget[];
  readonly unmodelled: readonly UnmodelledKind[];
  readonly allowances: readonly AllowanceProblem[];
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
    request.against === "majority" ? majorityOf(look.found) : await replaysOf(fleet, look);
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
  return { shapes, uncompared, unmodelled: unmodelledKinds(look), allowances };
}

/** Gives the objects that targets should have. */
type ExpectedOf = (equal: EqualTargets) => EqualTargets["objects"];

/** The same service, database and ledger. */
function stateKey({ service, database, entries }: EqualTargets): string {
  return JSON.stringify([service, database, entries.map(({ tag, checksum }) => [tag, checksum])]);
}

/** What most targets in the same state have. */
function majorityOf(found: readonly EqualTargets[]): ExpectedOf {
  const best = new Map<string, EqualTargets>();
  for (const one of found) {
    const kept = best.get(stateKey(one));
    if (kept === undefined || kept.targets.length < one.targets.length)
      best.set(stateKey(one), one);
  }
  return (equal) => best.get(stateKey(equal))?.objects ?? [];
}

/** Replays each state of a ledger once, on a server of the same version. */
async function replaysOf({ context, histories }: OpenFleet, look: Look): Promise<ExpectedOf> {
  const { found, versions } = look;
  if (found.length === 0) return () => [];
  await loadParser();
  return withScratch(context, undefined, async (session) => {
    const scratch = await majorVersion(session);
    throwProblems(otherVersionErrors(versions, scratch), "the versions of the servers differ");
    const replays = new Map<string, EqualTargets["objects"]>();
    const expected = new Map<string, EqualTargets["objects"]>();
    for (const one of found) {
      const config = context.config.fleet.services[one.service];
      if (expected.has(stateKey(one)) || config === undefined) continue;
      const applied = appliedIn(histories.get(one.service) ?? historyOf([]), one);
      const key = JSON.stringify([one.service, applied.map(({ tag }) => tag)]);
      const bench = benchOf(context, session, one.service, config);
      const created = replays.get(key) ?? (await expectedObjects(bench, applied));
      replays.set(key, created);
      expected.set(stateKey(one), withEnvironment(created, peersOf(one, found)));
    }
    return (equal) => expected.get(stateKey(equal)) ?? [];
  });
}

/** All tenants of the same service in the same database. */
function peersOf(one: EqualTargets, found: readonly EqualTargets[]): CountedObjects[] {
  return found
    .filter(({ service, database }) => service === one.service && database === one.database)
    .map(({ objects, targets }) => ({ objects, count: targets.length }));
}

function appliedIn(history: History, { entries }: EqualTargets): Migration[] {
  const { byTag } = matchEntries(history, entries);
  return history.migrations.filter(({ tag }) => byTag.has(tag));
}

function otherVersionErrors(versions: Look["versions"], scratch: number): FleetError[] {
  return [...versions].flatMap(([database, version]) => {
    if (version === scratch) return [];
    const message = `database "${database}" has PostgreSQL ${version}, and the server for scratch schemas has ${scratch}`;
    const remedy = `Set proofDatabase to a database on a server with PostgreSQL ${version}. Or, to compare tenants with each other, run: npx drizzle-fleet drift --against majority`;
    return new FleetError("config", message, { remedy });
  });
}

/** Groups targets by their differences. */
function shapesOf(
  found: readonly EqualTargets[],
  expectedOf: ExpectedOf,
  allowed: Allowances,
): ComparedShape[] {
  const shapes = new Map<
    string,
    { readonly compared: ComparedShape; readonly targets: Target[] }
  >();
  for (const equal of found) {
    const expected = expectedOf(equal);
    const all = changesBetween(expected, acceptUndecided(expected, equal.objects));
    for (const target of equal.targets) {
      const changes = allowed.remaining(target, all);
      const differences = changes.map(({ difference }) => difference);
      const at = changes.length === 0 ? null : (equal.entries.at(-1)?.tag ?? null);
      const key = JSON.stringify([equal.service, at, differences]);
      const known = shapes.get(key);
      if (known !== undefined) known.targets.push(target);
      else {
        const targets = [target];
        const shape = { service: equal.service, at, targets, differences };
        shapes.set(key, { compared: { shape, changes, sample: equal, expected }, targets });
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

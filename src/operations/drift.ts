import { type DriftShape, driftClasses } from "../core/drift.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import { type AllowanceProblem, Allowances } from "../drift/allowed.ts";
import { differencesBetween } from "../drift/differences.ts";
import { acceptUndecided, type CountedObjects, withEnvironment } from "../drift/environment.ts";
import { expectedObjects } from "../drift/expected.ts";
import {
  type Look,
  lookAtFleet,
  majorVersion,
  recordLook,
  type UncomparedTarget,
} from "../drift/look.ts";
import { acceptOwnNames } from "../drift/own-names.ts";
import { withAddedPartitions, withoutOtherPartitions } from "../drift/partitions.ts";
import type { EqualTargets } from "../drift/read-fleet.ts";
import type { Context } from "../fleet/context.ts";
import { type OpenFleet, withFleet } from "../fleet/open-fleet.ts";
import { type History, historyOf, matchEntries } from "../plan/history.ts";
import { benchOf, withScratch } from "../proof/scratch.ts";
import { loadParser } from "../sql/parser.ts";
import type { Selection } from "../tenants/targets.ts";

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

export interface DriftResult {
  /** Targets with the same differences, the most serious first. Those without differences come last. */
  readonly shapes: readonly DriftShape[];
  /** Targets without a complete ledger, or that cannot be read. */
  readonly uncompared: readonly UncomparedTarget[];
  /** Entries of `drift.allow` that have expired, or that nothing needed when the whole fleet was compared. */
  readonly allowances: readonly AllowanceProblem[];
}

/**
 * Compares every selected tenant schema with what its ledger says: objects, definitions, privileges. Migrations that are
 * pending are not drift. Changes nothing in the tenant schemas; what was found is kept in the control schema, so that the
 * next call reads only schemas that have changed.
 *
 * @throws FleetError `usage` for an invalid selection; `config` if the server for scratch schemas has another version than
 *   a database; `proof` if migrations can no longer be replayed; `unreachable` if a database cannot be read
 * @example
 * const { shapes } = await drift(context, { services: [], tenants: [], databases: [] });
 * const drifted = shapes.filter(({ differences }) => differences.length > 0);
 */
export function drift(context: Context, request: DriftRequest): Promise<DriftResult> {
  return withFleet(context, request, async (fleet) => {
    const { services, tenants, databases } = request;
    const isWhole = [...services, ...tenants, ...databases].length === 0;
    const look = await lookAtFleet(fleet, request.full === true);
    const expectedOf =
      request.against === "majority" ? majorityOf(look.found) : await replaysOf(fleet, look);
    const today = new Date().toISOString().slice(0, 10);
    const allowed = new Allowances(context.config.fleet.drift.allow, today);
    const shapes = shapesOf(look.found, expectedOf, allowed);
    const drifted = new Set(
      shapes.flatMap(({ differences, targets }) => (differences.length > 0 ? targets : [])),
    );
    await recordLook(fleet, look, drifted);
    const allowances = allowed.problems().filter((one) => isWhole || one.problem === "expired");
    return { shapes, uncompared: look.uncompared, allowances };
  });
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
  const expected = new Map(
    [...best].map(([key, one]) => [key, withEnvironment(one.objects, peersOf(one, found))]),
  );
  return (equal) => withoutOtherPartitions(expected.get(stateKey(equal)) ?? [], equal.objects);
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
): DriftShape[] {
  const shapes = new Map<string, { shape: DriftShape; targets: Target[] }>();
  for (const equal of found) {
    const expected = withAddedPartitions(expectedOf(equal), equal.objects);
    const own = acceptOwnNames(expected, equal.objects);
    const all = differencesBetween(expected, acceptUndecided(expected, own));
    for (const target of equal.targets) {
      const differences = allowed.remaining(target, all);
      const at = differences.length === 0 ? null : (equal.entries.at(-1)?.tag ?? null);
      const key = JSON.stringify([equal.service, at, differences]);
      const targets = shapes.get(key)?.targets ?? [];
      targets.push(target);
      shapes.set(key, { shape: { service: equal.service, at, targets, differences }, targets });
    }
  }
  return [...shapes.values()]
    .map(({ shape }) => shape)
    .sort((left, right) => rankOf(left) - rankOf(right));
}

function rankOf({ differences }: DriftShape): number {
  const classes = differences.map((one) => one.class);
  const worst = driftClasses.findIndex((one) => classes.includes(one));
  return worst < 0 ? 3 : worst;
}

import type { DriftShape } from "../core/drift.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { PlanProblem } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { differencesBetween } from "../drift/differences.ts";
import { acceptUndecided, type CountedObjects, withEnvironment } from "../drift/environment.ts";
import { expectedObjects } from "../drift/expected.ts";
import { type EqualTargets, readEqualTargets } from "../drift/read-fleet.ts";
import type { Context } from "../fleet/context.ts";
import { type OpenFleet, withFleet } from "../fleet/open-fleet.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { type History, historyOf, matchEntries } from "../plan/history.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Session } from "../postgres/session.ts";
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
}

/** A target that could not be compared. */
export interface UncomparedTarget {
  readonly target: Target;
  readonly reason: string;
}

export interface DriftResult {
  /** Targets with the same differences, the most serious first. Those without differences come last. */
  readonly shapes: readonly DriftShape[];
  /** Targets without a complete ledger, or that cannot be read. */
  readonly uncompared: readonly UncomparedTarget[];
}

/**
 * Compares every selected tenant schema with what its ledger says: objects, definitions, privileges. Migrations that are
 * pending are not drift. Changes nothing in the tenants' databases.
 *
 * @throws FleetError `usage` for an invalid selection; `config` if the server for scratch schemas has another version than
 *   a database; `proof` if migrations can no longer be replayed; `unreachable` if a database cannot be read
 * @example
 * const { shapes } = await drift(context, { services: [], tenants: [], databases: [] });
 * const drifted = shapes.filter(({ differences }) => differences.length > 0);
 */
export function drift(context: Context, request: DriftRequest): Promise<DriftResult> {
  return withFleet(context, request, async (fleet) => {
    const { recorded, uncompared } = await readStates(fleet);
    const groups = (await Promise.all(recorded.map((one) => readDatabaseOf(fleet, one)))).flat();
    const found = groups.flatMap(({ equal }) => equal);
    const expectedOf =
      request.against === "majority" ? majorityOf(found) : await replaysOf(fleet, groups);
    return { shapes: shapesOf(found, expectedOf), uncompared };
  });
}

interface DatabaseTargets {
  readonly database: string;
  readonly recorded: readonly { readonly target: Target; readonly state: LedgerState }[];
}

/** Reads all ledgers. Only targets whose ledger can be replayed are compared. */
async function readStates(fleet: OpenFleet) {
  const states = new Map<Target, LedgerState>();
  const planOne: Planner = (target, history, state) => {
    states.set(target, state);
    return planTarget(target, history, state, { allowOutOfOrder: true });
  };
  const planned = await planFleet(fleet, planOne, { purpose: "look" });
  const uncompared: UncomparedTarget[] = [];
  const byDatabase = new Map<string, DatabaseTargets["recorded"]>();
  for (const { target, problems } of planned.plans) {
    const state = states.get(target);
    const reason = reasonNotToCompare(state, problems);
    if (reason !== undefined || state === undefined) {
      if (reason !== "") uncompared.push({ target, reason: reason ?? "it was not read" });
      continue;
    }
    byDatabase.set(target.database, [
      ...(byDatabase.get(target.database) ?? []),
      { target, state },
    ]);
  }
  const recorded = [...byDatabase].map(([database, all]) => ({ database, recorded: all }));
  return { recorded, uncompared };
}

/** An empty text for a target that does not exist yet: pending is not drift. */
function reasonNotToCompare(
  state: LedgerState | undefined,
  [problem]: readonly PlanProblem[],
): string | undefined {
  if (problem !== undefined) return problem.message;
  if (state?.kind === "noSchema") return "";
  if (state?.kind !== "ledger") return state === undefined ? "it was not read" : "it has no ledger";
  return state.entries.some(({ partial }) => partial !== undefined)
    ? "a migration of several transactions is applied in part"
    : undefined;
}

interface DatabaseGroups {
  readonly database: string;
  readonly version: number;
  readonly equal: readonly EqualTargets[];
}

async function readDatabaseOf(
  { context, open }: OpenFleet,
  { database, recorded }: DatabaseTargets,
): Promise<DatabaseGroups> {
  const withSession = <Result>(use: (session: Session) => Promise<Result>) =>
    readDatabase(context, open.addressOf(database), use);
  const entriesOf = (state: LedgerState) => (state.kind === "ledger" ? state.entries : []);
  const equal = await readEqualTargets(
    withSession,
    recorded.map(({ target, state }) => ({ target, entries: entriesOf(state) })),
    context.config.fleet.roles === "per-tenant",
  );
  return { database, version: await withSession(majorVersion), equal };
}

async function majorVersion(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::integer / 10000 AS version",
  );
  return row?.version ?? 0;
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
async function replaysOf(
  { context, histories }: OpenFleet,
  groups: readonly DatabaseGroups[],
): Promise<ExpectedOf> {
  const found = groups.flatMap(({ equal }) => equal);
  if (found.length === 0) return () => [];
  await loadParser();
  return withScratch(context, undefined, async (session) => {
    const scratch = await majorVersion(session);
    throwProblems(
      groups.flatMap((one) => otherVersionError(one, scratch)),
      "the versions differ",
    );
    const replays = new Map<string, EqualTargets["objects"]>();
    const expected = new Map<string, EqualTargets["objects"]>();
    for (const one of found) {
      if (expected.has(stateKey(one))) continue;
      const history = histories.get(one.service) ?? historyOf([]);
      const applied = appliedIn(history, one);
      const key = JSON.stringify([one.service, applied.map(({ tag }) => tag)]);
      const config = context.config.fleet.services[one.service];
      if (config === undefined) continue;
      const bench = benchOf(context, session, one.service, config);
      const created = replays.get(key) ?? (await expectedObjects(bench, applied));
      replays.set(key, created);
      const peers = found.filter(
        ({ service, database }) => service === one.service && database === one.database,
      );
      expected.set(stateKey(one), withEnvironment(created, peers.map(counted)));
    }
    return (equal) => expected.get(stateKey(equal)) ?? [];
  });
}

function counted({ objects, targets }: EqualTargets): CountedObjects {
  return { objects, count: targets.length };
}

function appliedIn(history: History, { entries }: EqualTargets): Migration[] {
  const { byTag } = matchEntries(history, entries);
  return history.migrations.filter(({ tag }) => byTag.has(tag));
}

function otherVersionError({ database, version }: DatabaseGroups, scratch: number): FleetError[] {
  if (version === scratch) return [];
  return [
    new FleetError(
      "config",
      `database "${database}" has PostgreSQL ${version}, and the server for scratch schemas has ${scratch}`,
      {
        remedy: `Set proofDatabase to a database on a server with PostgreSQL ${version}. Or, to compare tenants with each other, run: npx drizzle-fleet drift --against majority`,
      },
    ),
  ];
}

/** Groups targets by their differences. */
function shapesOf(found: readonly EqualTargets[], expectedOf: ExpectedOf): DriftShape[] {
  const shapes = new Map<string, DriftShape>();
  for (const equal of found) {
    const expected = expectedOf(equal);
    const differences = differencesBetween(expected, acceptUndecided(expected, equal.objects));
    const at = equal.entries.at(-1)?.tag ?? null;
    const isClean = differences.length === 0;
    const key = JSON.stringify([equal.service, isClean ? null : at, differences]);
    const kept = shapes.get(key);
    const targets = [...(kept?.targets ?? []), ...equal.targets];
    shapes.set(key, { service: equal.service, at: isClean ? null : at, targets, differences });
  }
  return [...shapes.values()].sort((left, right) => rankOf(left) - rankOf(right));
}

function rankOf({ differences }: DriftShape): number {
  const classes = differences.map((one) => one.class);
  const worst = (["dangerous", "tuning", "cosmetic"] as const).findIndex((one) =>
    classes.includes(one),
  );
  return worst < 0 ? 3 : worst;
}

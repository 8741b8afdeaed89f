import { readFingerprints } from "../catalog/fingerprints.ts";
import { readerVersion } from "../catalog/properties.ts";
import { readUnmodelled, type UnmodelledObject } from "../catalog/unmodelled.ts";
import { readVerdicts, type SchemaVerdict, saveVerdicts } from "../control/verdicts.ts";
import { messageOf } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { PlanProblem } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { type Context, notifyOnce } from "../fleet/context.ts";
import { databasesOf } from "../fleet/databases.ts";
import type { OpenFleet } from "../fleet/open-fleet.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { digestOf } from "../ledger/digest.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Session } from "../postgres/session.ts";
import { type EqualTargets, type RecordedTarget, readEqualTargets } from "./read-fleet.ts";

/** A target that could not be compared. */
export interface UncomparedTarget {
  readonly target: Target;
  readonly reason: string;
}

/** What a look at the fleet found. */
export interface Look {
  readonly found: readonly EqualTargets[];
  readonly uncompared: readonly UncomparedTarget[];
  /** The fingerprints of the schemas that were read, by database and schema. */
  readonly fingerprints: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The major version of PostgreSQL, by database. */
  readonly versions: ReadonlyMap<string, number>;
  /** The objects that cannot be compared, by database and schema. */
  readonly unmodelled: ReadonlyMap<string, ReadonlyMap<string, readonly UnmodelledObject[]>>;
}

/** How often to look again at targets that changed while they were read. */
const looks = 3;

/**
 * Reads the ledgers and the schemas of a fleet. A target counts only if its fingerprint was the same before its ledger and after
 * its schema were read: otherwise something has changed it meanwhile, and it is read again.
 *
 * @param full false: schemas with the fingerprint of their last verdict are not read again
 */
export async function lookAtFleet(fleet: OpenFleet, full: boolean): Promise<Look> {
  const found: EqualTargets[] = [];
  const uncompared: UncomparedTarget[] = [];
  const fingerprints = new Map<string, Map<string, string>>();
  const versions = new Map<string, number>();
  const unmodelled = new Map<string, ReadonlyMap<string, readonly UnmodelledObject[]>>();
  let targets = fleet.targets;
  for (let count = 1; targets.length > 0 && count <= looks; count += 1) {
    const one = await lookOnce({ ...fleet, targets }, full);
    found.push(...one.found);
    uncompared.push(...one.uncompared);
    for (const [database, version] of one.versions) versions.set(database, version);
    for (const [database, own] of one.unmodelled)
      unmodelled.set(database, new Map([...(unmodelled.get(database) ?? []), ...own]));
    for (const [database, own] of one.fingerprints)
      fingerprints.set(database, new Map([...(fingerprints.get(database) ?? []), ...own]));
    targets = one.moving;
  }
  uncompared.push(...targets.map((target) => ({ target, reason: "it was being changed" })));
  return { found, uncompared, fingerprints, versions, unmodelled };
}

async function lookOnce(
  fleet: OpenFleet,
  full: boolean,
): Promise<Look & { readonly moving: readonly Target[] }> {
  const { context, open } = fleet;
  const before = new Map<string, Before>();
  await Promise.all(
    databasesOf(fleet.targets).map(async (name) => {
      const schemas = schemasIn(fleet.targets, name);
      const read = (session: Session) => readBefore(session, schemas, full);
      before.set(name, await readDatabase(context, open.addressOf(name), read));
    }),
  );
  const { recorded, uncompared } = await readLedgerStates(fleet);
  const results = await Promise.all(
    [...before].map(([name, own]) => readOne(fleet, name, own, recorded)),
  );
  return {
    found: results.flatMap(({ equal }) => equal),
    moving: results.flatMap(({ moving }) => moving),
    uncompared,
    fingerprints: new Map([...before].map(([name, { fingerprints }]) => [name, fingerprints])),
    versions: new Map([...before].map(([name, { version }]) => [name, version])),
    unmodelled: new Map([...before].map(([name, { unmodelled }]) => [name, unmodelled])),
  };
}

interface Before {
  readonly version: number;
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly unmodelled: ReadonlyMap<string, readonly UnmodelledObject[]>;
  /** The last verdicts about schemas whose fingerprint is still the same, by schema. */
  readonly unchanged: ReadonlyMap<string, SchemaVerdict>;
}

async function readBefore(
  session: Session,
  schemas: readonly string[],
  full: boolean,
): Promise<Before> {
  const version = await majorVersion(session);
  const fingerprints = await readFingerprints(session, schemas);
  const unmodelled = await readUnmodelled(session, schemas);
  const verdicts = full ? new Map<string, SchemaVerdict>() : await readable(session, version);
  const unchanged = [...verdicts.values()].filter(
    ({ schema, fingerprint }) => fingerprints.get(schema) === fingerprint,
  );
  return {
    ...{ version, fingerprints, unmodelled },
    unchanged: new Map(unchanged.map((verdict) => [verdict.schema, verdict])),
  };
}

/** A role that may not read the control schema reads every schema. */
function readable(session: Session, version: number): Promise<Map<string, SchemaVerdict>> {
  return readVerdicts(session, readerVersion(version)).catch(() => new Map());
}

async function readOne(
  { context, open }: OpenFleet,
  name: string,
  { fingerprints, unchanged }: Before,
  recorded: readonly RecordedTarget[],
) {
  const withSession = <Result>(use: (session: Session) => Promise<Result>) =>
    readDatabase(context, open.addressOf(name), use);
  const own = recorded.filter(({ target }) => target.database === name);
  const perTenant = context.config.fleet.roles === "per-tenant";
  const knownHashes = new Map([...unchanged].map(([schema, { hash }]) => [schema, hash]));
  const equal = await readEqualTargets({ withSession, perTenant, knownHashes }, own);
  // With the fingerprint and the ledger of its last verdict, a target is as it was then. The objects of a group are those of
  // its first target.
  const isSettled = ({ target, entries }: RecordedTarget) =>
    unchanged.get(target.schema)?.ledger === digestOf(entries);
  const others = own.flatMap((one) => (isSettled(one) ? [] : one.target.schema));
  const firsts = equal.flatMap((one) => one.targets[0]?.schema ?? []);
  const read = new Set([...others, ...firsts]);
  const after = await withSession((session) => readFingerprints(session, [...read]));
  const isMoving = ({ schema }: Target) =>
    read.has(schema) && fingerprints.get(schema) !== after.get(schema);
  const still = equal.flatMap((one) => {
    const [first] = one.targets;
    if (first === undefined || isMoving(first)) return [];
    return { ...one, targets: one.targets.filter((target) => !isMoving(target)) };
  });
  const counted = new Set(still.flatMap((one) => one.targets));
  const removed = ({ schema }: Target) => after.get(schema) === undefined && read.has(schema);
  return {
    equal: still,
    moving: own.flatMap(({ target }) => (counted.has(target) || removed(target) ? [] : target)),
  };
}

function schemasIn(targets: readonly Target[], name: string): string[] {
  return targets.flatMap(({ database, schema }) => (database === name ? schema : []));
}

/** The major version of a session's server. */
export async function majorVersion(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::integer / 10000 AS version",
  );
  return row?.version ?? 0;
}

/** Reads all ledgers. Only targets with a complete ledger, whose migrations are on disk, can be compared. */
async function readLedgerStates(fleet: OpenFleet) {
  const states = new Map<Target, LedgerState>();
  const planOne: Planner = (target, history, state) => {
    states.set(target, state);
    return planTarget(target, history, state, { allowOutOfOrder: true });
  };
  const { plans } = await planFleet(fleet, planOne, { purpose: "look" });
  const uncompared: UncomparedTarget[] = [];
  const recorded: RecordedTarget[] = [];
  for (const { target, problems } of plans) {
    const state = states.get(target);
    // A target that does not exist yet is pending, and pending is not drift.
    if (state?.kind === "noSchema" && problems.length === 0) continue;
    const reason = reasonNotToCompare(state, problems);
    if (reason !== undefined) uncompared.push({ target, reason });
    else if (state?.kind === "ledger") recorded.push({ target, entries: state.entries });
  }
  return { recorded, uncompared };
}

function reasonNotToCompare(
  state: LedgerState | undefined,
  [problem]: readonly PlanProblem[],
): string | undefined {
  if (problem !== undefined) return problem.message;
  if (state?.kind !== "ledger") return "it has no ledger";
  return state.entries.some(({ partial }) => partial !== undefined)
    ? "a migration of several transactions is applied in part"
    : undefined;
}

/**
 * Records the verdicts about all schemas of a look, so that the next one need not read schemas that have not changed. If that
 * is not possible, the next look reads them again.
 *
 * @param drifted the targets that are not as expected
 */
export async function recordLook(
  { context, open }: { readonly context: Context; readonly open: OpenFleet["open"] },
  { found, fingerprints, versions }: Look,
  drifted: ReadonlySet<Target>,
): Promise<void> {
  for (const [name, own] of fingerprints) {
    const verdicts = found
      .filter(({ database }) => database === name)
      .flatMap(({ targets, hash, entries }) =>
        targets.map((target): SchemaVerdict => {
          const { schema } = target;
          const fingerprint = own.get(schema) ?? "";
          const ledger = digestOf(entries);
          return { schema, fingerprint, hash, ledger, drifted: drifted.has(target) };
        }),
      );
    const reader = readerVersion(versions.get(name) ?? 0);
    try {
      await readDatabase(context, open.addressOf(name), (session) =>
        saveVerdicts(session, reader, verdicts),
      );
    } catch (error) {
      notifyOnce(
        context,
        `Warning: what was found cannot be recorded in database ${name} (${messageOf(error)}), so the next drift reads every schema again.`,
      );
    }
  }
}

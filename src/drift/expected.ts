import { createHash } from "node:crypto";
import { readerVersion } from "../catalog/properties.ts";
import type { ServiceConfig } from "../config/schema.ts";
import { packageVersion } from "../config/version.ts";
import { readExpectedSchemas, saveExpectedSchema } from "../control/expected-schemas.ts";
import { FleetError, messageOf, throwProblems } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import { notifyOnce } from "../fleet/context.ts";
import type { OpenFleet } from "../fleet/open-fleet.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { type History, historyOf, matchEntries } from "../plan/history.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { benchOf, withScratch } from "../proof/scratch.ts";
import { loadParser } from "../sql/parser.ts";
import { type CountedObjects, withEnvironment } from "./environment.ts";
import { type Look, majorVersion } from "./look.ts";
import { withoutOtherPartitions } from "./partitions.ts";
import type { EqualTargets } from "./read-fleet.ts";
import { type ExpectedSchema, replayState } from "./replay-state.ts";

/** What a target should contain, and where the SQL of it can be read. */
export interface Expected extends ExpectedSchema {
  /** A target that contains it, if no replay was made. */
  readonly reference: Target | undefined;
}

/** Gives what targets should contain. */
export type ExpectedOf = (equal: EqualTargets) => Expected;

const nothing: Expected = { objects: [], structure: undefined, reference: undefined };

/** The same service, database and ledger. */
function stateKey({ service, database, entries }: EqualTargets): string {
  return JSON.stringify([service, database, entries.map(({ tag, checksum }) => [tag, checksum])]);
}

/** What most targets in the same state have. */
export function majorityOf(found: readonly EqualTargets[]): ExpectedOf {
  const best = new Map<string, EqualTargets>();
  for (const one of found) {
    const kept = best.get(stateKey(one));
    if (kept === undefined || kept.targets.length < one.targets.length)
      best.set(stateKey(one), one);
  }
  const expected = new Map(
    [...best].map(([key, most]) => [key, withEnvironment(most.objects, peersOf(most, found))]),
  );
  return (equal) => {
    const key = stateKey(equal);
    const objects = withoutOtherPartitions(expected.get(key) ?? [], equal.objects);
    return { objects, structure: undefined, reference: best.get(key)?.targets[0] };
  };
}

/** A state of a ledger in one database. */
interface State {
  readonly key: string;
  readonly config: ServiceConfig;
  readonly one: EqualTargets;
  readonly applied: readonly Migration[];
}

/**
 * What the migrations in each ledger create, completed by the roles of most tenants. A state that was not replayed before is
 * replayed, on a server of the same version, and kept in the control schema.
 */
export async function expectedSchemas(fleet: OpenFleet, look: Look): Promise<ExpectedOf> {
  const states = statesOf(fleet, look);
  const created = await keptSchemas(fleet, states);
  const missing = [...states.values()].filter(({ key }) => !created.has(key));
  if (missing.length > 0)
    for (const [key, schema] of await replayAll(fleet, look, missing)) created.set(key, schema);
  const expected = new Map<string, Expected>();
  for (const [state, { key, one }] of states) {
    const { objects = [], structure } = created.get(key) ?? {};
    const complete = withEnvironment(objects, peersOf(one, look.found));
    expected.set(state, { objects: complete, structure, reference: undefined });
  }
  return (equal) => expected.get(stateKey(equal)) ?? nothing;
}

/** The states of a look, by `stateKey`. */
function statesOf(
  { context, histories }: OpenFleet,
  { found, versions }: Look,
): Map<string, State> {
  const states = new Map<string, State>();
  for (const one of found) {
    const config = context.config.fleet.services[one.service];
    if (states.has(stateKey(one)) || config === undefined) continue;
    const applied = appliedIn(histories.get(one.service) ?? historyOf([]), one);
    // Everything that a replay depends on.
    const content = JSON.stringify([
      ...[packageVersion(), readerVersion(versions.get(one.database) ?? 0), one.service],
      applied.map(({ tag, checksum }) => [tag, checksum]),
      [config.sharedSchemas, config.extensionSchema],
    ]);
    const key = createHash("sha256").update(content).digest("hex");
    states.set(stateKey(one), { key, config, one, applied });
  }
  return states;
}

/** What earlier replays found, as the control schemas of the databases have it. */
async function keptSchemas(
  { context, open }: OpenFleet,
  states: ReadonlyMap<string, State>,
): Promise<Map<string, ExpectedSchema>> {
  const kept = new Map<string, ExpectedSchema>();
  for (const [database, own] of byDatabase(states.values())) {
    const keys = own.map(({ key }) => key);
    const found = await readDatabase(context, open.addressOf(database), (session) =>
      readExpectedSchemas<ExpectedSchema>(session, keys).catch((error: unknown) => {
        // A role that may not read the control schema replays each time.
        if (sqlstateOf(error) !== sqlstate.insufficientPrivilege) throw error;
        return new Map<string, ExpectedSchema>();
      }),
    );
    for (const [key, schema] of found) kept.set(key, schema);
  }
  return kept;
}

function byDatabase(states: Iterable<State>): Map<string, State[]> {
  const groups = new Map<string, State[]>();
  for (const state of states) {
    const { database } = state.one;
    groups.set(database, [...(groups.get(database) ?? []), state]);
  }
  return groups;
}

/** Replays states, each once, and keeps the results. */
async function replayAll(
  fleet: OpenFleet,
  look: Look,
  missing: readonly State[],
): Promise<Map<string, ExpectedSchema>> {
  const { context } = fleet;
  await loadParser();
  const replayed = await withScratch(context, undefined, async (session) => {
    const scratch = await majorVersion(session);
    throwProblems(otherVersionErrors(look.versions, scratch), "the versions of the servers differ");
    const results = new Map<string, ExpectedSchema>();
    for (const { key, config, one, applied } of missing) {
      if (results.has(key)) continue;
      const bench = benchOf(context, session, one.service, config);
      results.set(key, await replayState(bench, applied));
    }
    return results;
  });
  await keep(fleet, missing, replayed);
  return replayed;
}

async function keep(
  { context, open }: OpenFleet,
  states: readonly State[],
  replayed: ReadonlyMap<string, ExpectedSchema>,
): Promise<void> {
  for (const [database, own] of byDatabase(states)) {
    const save = async (session: Session) => {
      for (const { key, one } of own)
        await saveExpectedSchema(session, one.service, key, replayed.get(key));
    };
    try {
      await readDatabase(context, open.addressOf(database), save);
    } catch (error) {
      notifyOnce(
        context,
        `Warning: replayed migrations cannot be recorded in database ${database} (${messageOf(error)}), so the next drift replays them again.`,
      );
    }
  }
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

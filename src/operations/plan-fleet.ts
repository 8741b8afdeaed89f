import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { Plan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { buildPlan, type History, historyOf } from "../plan/build.ts";
import { type Session, withSession } from "../postgres/session.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { readMigrations } from "../source/read-migrations.ts";
import {
  type Context,
  migrationsFolder,
  type OpenDatabases,
  refuseSharedSchemas,
} from "./context.ts";

/** The histories of all services that the targets belong to. */
export async function readHistories(
  context: Context,
  targets: readonly Target[],
): Promise<Map<string, History>> {
  const services = [...new Set(targets.map(({ service }) => service))];
  const histories = await Promise.all(
    services.map(
      async (service) =>
        [
          service,
          historyOf(await readMigrations(service, migrationsFolder(context, service))),
        ] as const,
    ),
  );
  return new Map(histories);
}

/** Reads every target's ledger, database by database at the same time, and plans. */
export async function planFleet(
  context: Context,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  databases: OpenDatabases,
): Promise<Plan> {
  const known = new Map([...histories.values()].flatMap((history) => [...history.known]));
  const names = [...new Set(targets.map(({ database }) => database))];
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  const read = async (name: string) => {
    const schemas = targets.filter(({ database }) => database === name).map(({ schema }) => schema);
    const address = databases.addressOf(name);
    return withSession(address, connect, async (session) => {
      const identity = names.length > 1 ? await identityOf(session) : name;
      return { name, identity, states: await readLedgers(session, schemas, known) };
    }).catch((error: unknown) => {
      throw isFleetError(error) ? error : unreadable(address, error);
    });
  };
  const found = await Promise.all(names.map(read));
  refuseSharedSchemas(targets, new Map(found.map(({ name, identity }) => [name, identity])));
  const states = new Map(found.map(({ name, states: own }) => [name, own]));
  return buildPlan(
    targets,
    histories,
    ({ database, schema }): LedgerState =>
      states.get(database)?.get(schema) ?? { kind: "noSchema" },
  );
}

/** The same text for the same database, whatever host name and port led to it. */
async function identityOf(session: Session): Promise<string> {
  const [row] = await session.query<{ identity: string }>(
    `SELECT oid::text || ' ' || extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text AS identity
     FROM pg_catalog.pg_database WHERE datname = current_database()`,
  );
  return row?.identity ?? "";
}

function unreadable(address: DatabaseAddress, cause: unknown): FleetError {
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return new FleetError(
    "unreachable",
    `the ledgers of database "${address.name}" at ${locationOf(address)} cannot be read: ${messageOf(cause)}${suffix}`,
    { remedy: "Nothing was changed. Mend what is named, then try again.", cause },
  );
}

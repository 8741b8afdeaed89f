import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { type History, historyOf, type Planner, planTargets } from "../plan/build.ts";
import { roomFor } from "../postgres/capacity.ts";
import { flushLog } from "../postgres/flush.ts";
import { type ConnectOptions, type Session, withSession } from "../postgres/session.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { readMigrations } from "../source/read-migrations.ts";
import {
  type Context,
  migrationsFolder,
  type OpenDatabases,
  refuseSharedSchemas,
} from "./context.ts";

/** A database as it was found when its ledgers were read. */
export interface DatabaseState {
  readonly name: string;
  /** How many connections may be opened, from 1. */
  readonly room: number;
  /** True when a connection pooler stands before it. */
  readonly pooled: boolean;
  /** The server's time, and the process's own then, see `performance.now`. */
  readonly clock: { readonly server: Date; readonly own: number };
}

/** Where a fleet stands, and what is to be done. */
export interface PlannedFleet {
  readonly targets: readonly TargetPlan[];
  readonly databases: readonly DatabaseState[];
}

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

/**
 * Reads every target's ledger, database by database at the same time, and plans.
 *
 * @param plan what to do with one target
 * @param certain true: what is read is made sure to survive a crash of the server, before it is called applied
 * @param within gives a session in a database for the time of the reading
 */
export async function planFleet(
  context: Context,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  open: OpenDatabases,
  plan: Planner,
  certain: boolean,
  within: Within = (name, read) => withDatabase(context, open.addressOf(name), read),
): Promise<PlannedFleet> {
  const known = new Map([...histories.values()].flatMap((history) => [...history.known]));
  const names = [...new Set(targets.map(({ database }) => database))];
  const found = await Promise.all(
    names.map((name) =>
      within(name, async (session) => {
        const schemas = targets.flatMap((target) =>
          target.database === name ? target.schema : [],
        );
        const states = await readLedgers(session, schemas, known);
        if (certain) await flushLog(session);
        return {
          name,
          identity: names.length > 1 ? await identityOf(session) : name,
          states,
          pooled: session.pooled,
          // What a pooler lets in is not the server's to say.
          room: session.pooled ? Number.POSITIVE_INFINITY : await roomFor(session),
          clock: await clockOf(session),
        };
      }),
    ),
  );
  refuseSharedSchemas(targets, new Map(found.map(({ name, identity }) => [name, identity])));
  const states = new Map(found.map(({ name, states: own }) => [name, own]));
  const stateOf = ({ database, schema }: Target): LedgerState =>
    states.get(database)?.get(schema) ?? { kind: "noSchema" };
  return {
    targets: planTargets(targets, histories, stateOf, plan),
    databases: found.map(({ name, room, pooled, clock }) => ({ name, room, pooled, clock })),
  };
}

/** A connection that breaks while it reads is made anew so often: nothing is lost by asking once more. */
const readAttempts = 3;

/** Gives `read` a session in one of the databases. */
export type Within = <Result>(
  database: string,
  read: (session: Session) => Promise<Result>,
) => Promise<Result>;

/** Reads from a database; an error says which one it was. */
export function withDatabase<Result>(
  context: Context,
  address: DatabaseAddress,
  read: (session: Session) => Promise<Result>,
): Promise<Result> {
  return reading(context, address, (connect) => withSession(address, connect, read));
}

/**
 * As `withDatabase`, for whoever connects itself.
 *
 * @param attempt connects and reads; it is called again when the connection breaks
 */
export async function reading<Result>(
  context: Context,
  address: DatabaseAddress,
  attempt: (connect: ConnectOptions) => Promise<Result>,
): Promise<Result> {
  const { signal } = context;
  const connect = { waitMs: context.config.fleet.connectTimeout, signal };
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(connect);
    } catch (error) {
      if (isFleetError(error) || signal?.aborted === true) throw error;
      if (!isConnectionLoss(error) || count === readAttempts) throw unreadable(address, error);
    }
  }
}

/** Runners' clocks differ; the server's is the one that rollouts are told apart by. */
async function clockOf(session: Session): Promise<DatabaseState["clock"]> {
  const [row] = await session.query<{ server: Date }>(
    "SELECT pg_catalog.clock_timestamp() AS server",
  );
  return { server: row?.server ?? new Date(), own: performance.now() };
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
    `database "${address.name}" at ${locationOf(address)} cannot be read: ${messageOf(cause)}${suffix}`,
    {
      remedy:
        state === sqlstate.insufficientPrivilege
          ? "Give the role the right that is named. Nothing was changed."
          : "Nothing was changed. Mend what is named, then try again.",
      cause,
    },
  );
}

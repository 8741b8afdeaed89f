import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, isFleetError, messageOf, throwProblems } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import { ledgerName } from "../core/ledger.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { type History, historyOf, type Planner, planTargets } from "../plan/build.ts";
import { answerTimeout } from "../postgres/answer.ts";
import { flushLog } from "../postgres/flush.ts";
import {
  findInsufficientSchemas,
  type InsufficientSchema,
  readServer,
  refuseUnusableServer,
  type Server,
} from "../postgres/server.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { type ConnectOptions, type Session, withSession } from "../postgres/session.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { tellingWaits } from "../report/waiting.ts";
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
  readonly server: Server;
  /** Schemas that are to be changed, and that the role does not own as a whole; for `certain` plans. */
  readonly closed: readonly InsufficientSchema[];
}

/** Where a fleet stands, and what is to be done. */
export interface PlannedFleet {
  /** Those of a database that cannot be used have this as their problem. */
  readonly targets: readonly TargetPlan[];
  /** The databases that can be used. */
  readonly databases: readonly DatabaseState[];
  /** Why others cannot, by their names. */
  readonly unusable: ReadonlyMap<string, FleetError>;
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
 * Reads every target's ledger, database by database at the same time, and plans. A database that cannot be used is a
 * problem of its own targets, and of no other.
 *
 * @param plan what to do with one target
 * @param certain true: targets are to be changed. What is read is made sure to survive a crash of the server, before it
 *   is called applied, and a server that takes no writes is refused
 * @param within gives a session in a database for the time of the reading
 * @throws FleetError when no database can be used
 */
export async function planFleet(
  context: Context,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  open: OpenDatabases,
  plan: Planner,
  certain: boolean,
  within: ReadIn = (name, read) => readDatabase(context, open.addressOf(name), read),
): Promise<PlannedFleet> {
  const names = [...new Set(targets.map(({ database }) => database))];
  const unusable = new Map<string, FleetError>();
  const planOwn = (name: string, states: ReadonlyMap<string, LedgerState>) =>
    planTargets(
      targets.filter(({ database }) => database === name),
      histories,
      ({ schema }) => states.get(schema) ?? { kind: "noSchema" },
      plan,
    );
  const known = new Map([...histories.values()].flatMap((history) => [...history.known]));
  const found = await Promise.all(
    names.map((name) => {
      const address = open.addressOf(name);
      return within(name, async (session) => {
        const server = await readServer(session);
        const clock = { server: server.time, own: performance.now() };
        if (certain) refuseUnusableServer(address, server);
        const schemas = targets.flatMap((target) =>
          target.database === name ? target.schema : [],
        );
        const plans = planOwn(name, await readLedgers(session, schemas, known));
        if (certain) await flushLog(session);
        const closed = certain ? await closedTo(session, plans) : [];
        const { pooled } = session;
        // What a pooler lets in is not the server's to say.
        const room = pooled ? Number.POSITIVE_INFINITY : server.room;
        return { state: { name, room, pooled, server, closed, clock }, plans };
      }).catch((error: unknown) => {
        unusable.set(name, unusableError(error));
        return undefined;
      });
    }),
  );
  const usable = found.flatMap((one) => one ?? []);
  if (usable.length === 0) throwProblems([...unusable.values()], "no database can be used");
  const identities = usable.map(({ state }) => [state.name, state.server.identity] as const);
  refuseSharedSchemas(targets, new Map(identities));
  const plans = new Map(usable.flatMap((one) => one.plans.map((own) => [own.target, own])));
  return {
    targets: targets.map((target) => plans.get(target) ?? unusablePlan(target, unusable)),
    databases: usable.map(({ state }) => state),
    unusable,
  };
}

/** Refuses a fleet of which a part is not known. */
export function refuseUnusable({ unusable }: PlannedFleet): void {
  throwProblems([...unusable.values()], "some databases cannot be used");
}

/**
 * Why a database cannot be used, from what was thrown.
 *
 * @throws what is not about the database, such as an interruption
 */
export function unusableError(error: unknown): FleetError {
  if (isFleetError(error) && (error.code === "unreachable" || error.code === "config"))
    return error;
  throw error;
}

function unusablePlan(target: Target, unusable: ReadonlyMap<string, FleetError>): TargetPlan {
  const error = unusable.get(target.database);
  const { message = "it was not planned", remedy = "" } = error ?? {};
  const problem: PlanProblem = { kind: "unusable", tag: undefined, message, remedy };
  return {
    ...{ target, current: undefined, steps: [], pending: 0 },
    ...{ problems: [problem], create: "nothing" },
  };
}

function closedTo(session: Session, plans: readonly TargetPlan[]): Promise<InsufficientSchema[]> {
  const changed = plans.filter(
    ({ steps, create }) => steps.length > 0 && create !== "schemaAndLedger",
  );
  const schemas = changed.map(({ target }) => target.schema);
  return schemas.length === 0
    ? Promise.resolve([])
    : findInsufficientSchemas(session, schemas, ledgerName);
}

/** A connection that breaks while it reads is made anew so often: nothing is lost by asking once more. */
const readAttempts = 3;

/** Gives `read` a session in one of the databases. */
export type ReadIn = <Result>(
  database: string,
  read: (session: Session) => Promise<Result>,
) => Promise<Result>;

/** Reads from a database; an error says which one it was. */
export function readDatabase<Result>(
  context: Context,
  address: DatabaseAddress,
  read: (session: Session) => Promise<Result>,
): Promise<Result> {
  return readWithRetries(context, address, (connect) => withSession(address, connect, read));
}

/**
 * As `withDatabase`, for whoever connects itself.
 *
 * @param attempt connects and reads; it is called again when the connection breaks
 */
export async function readWithRetries<Result>(
  context: Context,
  address: DatabaseAddress,
  attempt: (connect: ConnectOptions) => Promise<Result>,
): Promise<Result> {
  const { signal } = context;
  const waitMs = context.config.fleet.connectTimeout;
  const place = `database "${address.name}" at ${locationOf(address)}`;
  let doing = { text: `waiting for ${place}`, connecting: true };
  const connect: ConnectOptions = {
    waitMs,
    signal,
    answerWithinMs: answerTimeout(waitMs),
    refuseUnknownHost: true,
    onWait: (reason) => {
      doing = { text: `waiting for ${place} (${reason})`, connecting: true };
    },
    onConnect: () => {
      doing = { text: `reading ${place}`, connecting: false };
    },
  };
  for (let count = 1; ; count += 1) {
    try {
      return await tellingWaits(context.notify, () => doing, attempt(connect));
    } catch (error) {
      if (isFleetError(error) || signal?.aborted === true) throw error;
      if (!isConnectionLoss(error) || count === readAttempts) throw unreadableError(address, error);
    }
  }
}

function unreadableError(address: DatabaseAddress, cause: unknown): FleetError {
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return new FleetError(
    "unreachable",
    `database "${address.name}" at ${locationOf(address)} cannot be read: ${messageOf(cause)}${suffix}`,
    {
      remedy:
        state === sqlstate.insufficientPrivilege
          ? "Give the role the right that is named. Nothing was changed."
          : `Nothing was changed. ${serverRemedy(state) ?? "Fix what is named, then try again."}`,
      cause,
    },
  );
}

import { FleetError, throwProblems } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import { ledgerName } from "../core/ledger.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { sealLedgers } from "../ledger/seal-ledgers.ts";
import type { ContractFacts } from "../plan/contracts.ts";
import type { History } from "../plan/history.ts";
import { type Planner, planTargets } from "../plan/targets.ts";
import { flushLog } from "../postgres/flush.ts";
import {
  findInsufficientSchemas,
  type InsufficientSchema,
  readServerState,
  refuseUnusableServer,
  type Server,
} from "../postgres/server.ts";
import type { Session } from "../postgres/session.ts";
import { readContractFacts } from "./contract-facts.ts";
import { databasesOf } from "./databases.ts";
import type { OpenFleet } from "./open-fleet.ts";
import { type ReadIn, readDatabase, unusableError } from "./read-database.ts";

/** The state of a database when its ledgers were read. */
export interface DatabaseState {
  readonly name: string;
  /** How many connections may be opened, from 1. */
  readonly room: number;
  /** True when a connection pooler is in front of it. */
  readonly pooled: boolean;
  /** The server's time, and the value of `performance.now` at the same moment. */
  readonly clock: { readonly server: Date; readonly own: number };
  readonly server: Server;
  /** The schemas to change that the role does not own completely; only read if targets are to be changed. */
  readonly insufficient: readonly InsufficientSchema[];
}

/** An open fleet with the state of every target and what is to be done. */
export interface PlannedFleet extends OpenFleet {
  /** In the order of `targets`. A target whose database cannot be used has that as its problem. */
  readonly plans: readonly TargetPlan[];
  /** The databases that can be used. */
  readonly databases: readonly DatabaseState[];
  /** The errors of the other databases, by name. */
  readonly unusable: ReadonlyMap<string, FleetError>;
  /** What the databases said about contracts. */
  readonly factsOf: FactsOf;
}

type FactsOf = (target: Target) => ContractFacts | undefined;

/** How a fleet is read. */
export interface ReadOptions {
  /**
   * `change`: targets are to be changed. Before reading, makes sure that the ledgers survive a crash of the server, and
   * refuses a server that accepts no writes.
   */
  readonly purpose: "look" | "change";
  /** Gives a session in a database; by default a new one. */
  readonly readIn?: ReadIn;
  /** Finds problems of targets that their ledgers do not show. */
  readonly inspect?: Inspector;
  /** True to read when contracts that are held back are ripe; see `plan/contracts.ts`. */
  readonly contractTimes?: boolean;
}

/** Finds further problems in a fleet that was planned. */
export type Inspector = (fleet: PlannedFleet) => Promise<ReadonlyMap<Target, PlanProblem>>;

/**
 * Reads every target's ledger, all databases at the same time, and plans. A database that cannot be used is a problem
 * of its own targets only.
 *
 * @param planOne what to do with one target
 * @throws FleetError if no database can be used
 */
export async function planFleet(
  fleet: OpenFleet,
  planOne: Planner,
  { purpose, readIn = readerOf(fleet), inspect, contractTimes = false }: ReadOptions,
): Promise<PlannedFleet> {
  const unusable = new Map<string, FleetError>();
  const known = new Map([...fleet.histories.values()].flatMap((history) => [...history.known]));
  const reader: Reader = { fleet, known, planOne, purpose, readIn, contractTimes };
  const found = await Promise.all(
    databasesOf(fleet.targets).map((name) =>
      planDatabase(reader, name).catch((error: unknown) => {
        unusable.set(name, unusableError(error));
        return undefined;
      }),
    ),
  );
  const usable = found.flatMap((one) => one ?? []);
  if (usable.length === 0) throwProblems([...unusable.values()], "no database can be used");
  const databases = usable.map(({ state }) => state);
  refuseSharedSchemas(fleet.targets, databases);
  const plans = new Map(usable.flatMap((one) => one.plans.map((own) => [own.target, own])));
  const planned = {
    ...fleet,
    plans: fleet.targets.map((target) => plans.get(target) ?? unusablePlan(target, unusable)),
    databases,
    unusable,
    factsOf: (target: Target) =>
      usable.find(({ state }) => state.name === target.database)?.factsOf(target),
  };
  return inspect === undefined ? planned : withProblems(planned, await inspect(planned));
}

function withProblems(fleet: PlannedFleet, found: ReadonlyMap<Target, PlanProblem>): PlannedFleet {
  const plans = fleet.plans.map((plan) => {
    const problem = found.get(plan.target);
    return problem === undefined
      ? plan
      : { ...plan, steps: [], problems: [...plan.problems, problem] };
  });
  return { ...fleet, plans };
}

/** Reads on a new session each time. */
export function readerOf({ context, open }: Pick<OpenFleet, "context" | "open">): ReadIn {
  return (name, read) => readDatabase(context, open.addressOf(name), read);
}

/**
 * Refuses a fleet if one of its databases cannot be used.
 *
 * @throws FleetError `unreachable` or `config`
 */
export function refuseUnusable({ unusable }: PlannedFleet): void {
  throwProblems([...unusable.values()], "some databases cannot be used");
}

interface Reader extends Required<Omit<ReadOptions, "inspect">> {
  /** The known digests of all services. */
  readonly known: History["known"];
  readonly fleet: OpenFleet;
  readonly planOne: Planner;
}

interface PlannedDatabase {
  readonly state: DatabaseState;
  readonly plans: readonly TargetPlan[];
  readonly factsOf: FactsOf;
}

function planDatabase(
  { fleet, known, planOne, purpose, readIn, contractTimes }: Reader,
  name: string,
): Promise<PlannedDatabase> {
  const { context, targets, histories, open } = fleet;
  const own = targets.filter(({ database }) => database === name);
  return readIn(name, async (session) => {
    const server = await readServerState(session);
    const clock = { server: server.time, own: performance.now() };
    if (purpose === "change") refuseUnusableServer(open.addressOf(name), server);
    const schemas = own.map(({ schema }) => schema);
    const found = await readLedgers(session, schemas, known);
    const states = purpose === "change" ? await sealLedgers(session, found) : found;
    const stateOf = ({ schema }: Target): LedgerState => states.get(schema) ?? { kind: "noSchema" };
    const factsOf = await readContractFacts(session, {
      ...{ context, targets: own, histories, stateOf, now: server.time, times: contractTimes },
    });
    const plans = planTargets(own, histories, stateOf, planOne, factsOf);
    if (purpose === "change") await flushLog(session);
    const insufficient = purpose === "change" ? await insufficientAmong(session, plans) : [];
    const { pooled } = session;
    // The server does not know how many clients a pooler accepts.
    const room = pooled ? Number.POSITIVE_INFINITY : server.room;
    return { state: { name, room, pooled, server, insufficient, clock }, plans, factsOf };
  });
}

function insufficientAmong(
  session: Session,
  plans: readonly TargetPlan[],
): Promise<InsufficientSchema[]> {
  const changed = plans.filter(
    ({ steps, create }) => steps.length > 0 && create !== "schemaAndLedger",
  );
  const schemas = changed.map(({ target }) => target.schema);
  return schemas.length === 0
    ? Promise.resolve([])
    : findInsufficientSchemas(session, schemas, ledgerName);
}

function unusablePlan(target: Target, unusable: ReadonlyMap<string, FleetError>): TargetPlan {
  const error = unusable.get(target.database);
  const { message = "it was not planned", remedy = "" } = error ?? {};
  const problem: PlanProblem = { kind: "unusable", tag: undefined, message, remedy };
  return {
    ...{ target, current: undefined, steps: [], pending: 0 },
    ...{ problems: [problem], create: "nothing", sealed: false },
  };
}

/** Two configured names can lead to one database, as its server's identity shows. Targets must not share a schema. */
function refuseSharedSchemas(
  targets: readonly Target[],
  databases: readonly DatabaseState[],
): void {
  const identities = new Map(databases.map(({ name, server }) => [name, server.identity]));
  const owners = new Map<string, Target>();
  const problems = targets.flatMap((target) => {
    const place = JSON.stringify([identities.get(target.database), target.schema]);
    const owner = owners.get(place) ?? target;
    owners.set(place, owner);
    if (owner === target) return [];
    return new FleetError(
      "config",
      `services ${owner.service} and ${target.service} map to the same schema, ${target.schema}: databases ${owner.database} and ${target.database} are the same`,
      {
        remedy:
          "Correct one of the connection URLs, or give each service its own tenantSchema pattern.",
      },
    );
  });
  throwProblems(problems, "some tenant schemas cannot be used");
}

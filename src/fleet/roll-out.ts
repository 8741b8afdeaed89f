import { randomBytes } from "node:crypto";
import { packageVersion } from "../config/version.ts";
import { Recorder } from "../control/recorder.ts";
import { systemClock } from "../core/clock.ts";
import type { Observer } from "../core/events.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import { hasWork, type Plan, targetsOf } from "../core/plan.ts";
import type { NewRollout, RolloutGoal } from "../core/rollout.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { historyOf } from "../plan/history.ts";
import type { Planner } from "../plan/targets.ts";
import { answerTimeout } from "../postgres/answer.ts";
import { Session } from "../postgres/session.ts";
import type { RolloutOptions } from "../rollout/options.ts";
import { memoryQueue } from "../rollout/queue.ts";
import { type RolloutResult, runPlan, safeObserver } from "../rollout/run-plan.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import { type Context, letFinish, notifyOnce } from "./context.ts";
import { databasesOf } from "./databases.ts";
import type { DatabaseState, PlannedFleet } from "./plan-fleet.ts";
import { rolesForPlan } from "./roles.ts";
import { type RunSessions, userAndHost } from "./sessions.ts";

/** A plan that is ready to run, with everything that it needs. */
export interface PreparedRollout {
  readonly verb: string;
  readonly fleet: PlannedFleet;
  readonly plan: Plan;
  readonly planOne: Planner;
  readonly scriptOf: (service: string, tag: string) => MigrationScript | undefined;
  /** What the user asked for, without secrets. */
  readonly selection: Readonly<Record<string, unknown>>;
  /** The destination of the plan; undefined if it moves no target. */
  readonly goal?: Omit<RolloutGoal, "schemas"> | undefined;
  /** The sessions that read the fleet; they record the outcomes. */
  readonly sessions?: RunSessions;
  /** False: the outcomes are not recorded. */
  readonly recorded?: boolean;
}

/** Options for running a prepared plan, the same for every verb that changes targets. */
export interface RolloutChoices
  extends Pick<RolloutOptions, "maxFailures" | "soakMs" | "verify" | "timeouts"> {
  /** Number of targets to change at the same time in each database, from 1. */
  readonly concurrency: number;
}

/** How a rollout ended, and the databases in which that could not be recorded. */
export interface RecordedResult extends RolloutResult {
  /** Databases in which not all outcomes were recorded. */
  readonly unkept: readonly string[];
}

/** The result of a rollout, as returned by every verb that runs one. */
export interface RolledOut {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  readonly stopped?: Stop;
}

/**
 * Runs a plan and records the outcomes in the targets' databases. A plan with nothing to do is not recorded.
 *
 * @param observe receives every event of the rollout
 * @throws FleetError `config`, before anything is done, if a role that needs access is missing and cannot be created
 */
export function rollOut(
  prepared: PreparedRollout,
  choices: RolloutChoices,
  observe: Observer,
): Promise<RecordedResult> {
  return letFinish(prepared.fleet.context, () => rollOutPlan(prepared, choices, observe));
}

async function rollOutPlan(
  prepared: PreparedRollout,
  choices: RolloutChoices,
  observe: Observer,
): Promise<RecordedResult> {
  const { plan, fleet } = prepared;
  const { context, open, databases } = fleet;
  const roleOf = await rolesForPlan(context, plan, open);
  const id = newRolloutId(databases);
  const records = prepared.recorded === false ? new Map() : openRecords(prepared, id);
  const watch = safeObserver(observe);
  const rooms = roomsOf(databases);
  for (const [name, room] of rooms) {
    if (room >= choices.concurrency || !records.has(name)) continue;
    const reason = `the server has room for ${room} more`;
    watch({ type: "concurrencyLowered", database: name, to: room, reason });
  }
  const result = await runPlan(plan, {
    ...choices,
    ...optionsOf(prepared),
    id,
    ready: keepGoals(context, records),
    roleOf,
    concurrencyOf: (name) => Math.min(choices.concurrency, rooms.get(name) ?? choices.concurrency),
    observe: recording(plan, records, watch),
  });
  return { ...result, unkept: await closeRecords(context, records, result.stopped) };
}

/** How many connections the workers of a database may open. One is reserved for outcomes, unless it is the only one. */
function roomsOf(databases: readonly DatabaseState[]): ReadonlyMap<string, number> {
  return new Map(databases.map(({ name, room }) => [name, Math.max(1, room - 1)]));
}

function optionsOf({ fleet, planOne, scriptOf }: PreparedRollout) {
  const { context, open, histories } = fleet;
  const { connectTimeout, retry, targetsPerConnection, backfill } = context.config.fleet;
  const { signal, cancel } = context;
  return {
    clock: systemClock,
    queueOf: memoryQueue,
    addressOf: open.addressOf,
    connect: { waitMs: connectTimeout, answerWithinMs: answerTimeout(connectTimeout), signal },
    ...{ retry, targetsPerConnection },
    throttle: { ...backfill, clock: systemClock },
    by: `drizzle-fleet ${packageVersion()}`,
    preparesSession: true,
    scriptOf,
    histories,
    replan: (session: Session, target: Target) => replan(session, target, fleet, planOne),
    ...(signal === undefined ? {} : { signal }),
    ...(cancel === undefined ? {} : { cancel }),
  };
}

/** Passes events on. The outcomes of targets with work go to their recorder first. */
function recording(plan: Plan, records: ReadonlyMap<string, Recorder>, watch: Observer): Observer {
  const withWork = new Set(
    targetsOf(plan)
      .filter(hasWork)
      .map(({ target }) => target),
  );
  return (event) => {
    if (event.type === "targetEnded" && withWork.has(event.outcome.target))
      records.get(event.outcome.target.database)?.add(event.outcome, event.wave);
    watch(event);
  };
}

async function replan(
  session: Session,
  target: Target,
  { histories, factsOf }: PlannedFleet,
  planOne: Planner,
) {
  const history = histories.get(target.service) ?? historyOf([]);
  // The previous step left its role's settings in the session.
  await session.query(session.restoreSettings);
  const states = await readLedgers(session, [target.schema], history.known);
  const state = states.get(target.schema) ?? { kind: "noSchema" };
  return planOne(target, history, state, factsOf(target));
}

/** Sorts by time, and is short enough to type: `20261121-231840-4f2a`, in UTC, by the first server's clock. */
function newRolloutId([first]: readonly DatabaseState[]): string {
  const { server, own } = first?.clock ?? { server: new Date(), own: performance.now() };
  const [date, time] = new Date(server.getTime() + performance.now() - own)
    .toISOString()
    .replace(/[-:]|\..*/g, "")
    .split("T");
  return `${date}-${time}-${randomBytes(2).toString("hex")}`;
}

function openRecords(prepared: PreparedRollout, id: string): Map<string, Recorder> {
  const { verb, selection, plan, fleet, goal, sessions } = prepared;
  const { context, open, databases } = fleet;
  const changed = targetsOf(plan)
    .filter(hasWork)
    .map(({ target }) => target);
  const all = targetsOf(plan).map(({ target }) => target);
  const waitMs = Math.min(context.config.fleet.connectTimeout, 5_000);
  const recorderOf = (name: string) => {
    const rollout: NewRollout = {
      ...{ id, database: name, verb, selection, startedBy: userAndHost() },
      waves: plan.waves.map((wave) => wave.name),
      targets: changed.filter(({ database }) => database === name).length,
    };
    const room = databases.find((one) => one.name === name)?.room ?? 0;
    const schemas = all.flatMap(({ database, schema }) => (database === name ? schema : []));
    return new Recorder({
      rollout,
      goal: goal && { ...goal, schemas },
      connect: () => sessions?.take(name) ?? Session.connect(open.addressOf(name), { waitMs }),
      whileRunning: room > 1,
    });
  };
  return new Map(databasesOf(changed).map((name) => [name, recorderOf(name)]));
}

/** Records the goals in all databases, and warns before the first target if that is not possible. */
async function keepGoals(context: Context, records: ReadonlyMap<string, Recorder>): Promise<void> {
  await Promise.all(
    [...records].map(async ([name, recorder]) => {
      const trouble = await recorder.keepGoal();
      if (trouble !== undefined) warnUnkept(context, name, trouble);
    }),
  );
}

function warnUnkept(context: Context, database: string, trouble: string): void {
  notifyOnce(
    context,
    `Warning: outcomes cannot be recorded in database ${database} (${trouble}), so rollouts and --failed do not include them.`,
  );
}

async function closeRecords(
  context: Context,
  records: ReadonlyMap<string, Recorder>,
  stopped: Stop | undefined,
): Promise<string[]> {
  const unkept: string[] = [];
  for (const [name, recorder] of records) {
    const trouble = await recorder.end(stopped);
    if (trouble === undefined) continue;
    unkept.push(name);
    warnUnkept(context, name, trouble);
  }
  return unkept;
}

import { randomBytes } from "node:crypto";
import { packageVersion } from "../config/version.ts";
import { Recorder } from "../control/recorder.ts";
import { type FleetError, throwProblems } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import { hasWork, type Plan, targetsOf } from "../core/plan.ts";
import type { NewRollout, RolloutGoal } from "../core/rollout.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { type History, historyOf, type Planner } from "../plan/build.ts";
import { answerTimeout } from "../postgres/answer.ts";
import { Session } from "../postgres/session.ts";
import { harmless, type RolloutResult, runPlan } from "../rollout/fleet.ts";
import type { RolloutOptions } from "../rollout/options.ts";
import type { Script } from "../rollout/run.ts";
import { type Context, letFinish, type OpenDatabases } from "./context.ts";
import type { DatabaseState } from "./plan-fleet.ts";
import { rolesForPlan } from "./roles.ts";
import { type RunSessions, userAndHost } from "./sessions.ts";

/** A plan that is ready to run, and all that it needs. */
export interface PreparedRollout {
  readonly verb: string;
  /** What the user asked for, without anything secret. */
  readonly selection: Readonly<Record<string, unknown>>;
  /** What the plan is meant to reach; undefined when it brings no target anywhere. */
  readonly goal?: Omit<RolloutGoal, "schemas"> | undefined;
  /** The sessions that have read, for the outcomes. */
  readonly sessions?: RunSessions;
  readonly plan: Plan;
  readonly planOne: Planner;
  readonly histories: ReadonlyMap<string, History>;
  readonly databases: readonly DatabaseState[];
  readonly scriptOf: (service: string, tag: string) => Script | undefined;
  /** False: the outcomes are of no interest once they are known. */
  readonly kept?: boolean;
}

/** How a prepared plan is run: the same for every verb that changes targets. */
export interface RolloutChoices
  extends Pick<RolloutOptions, "maxFailures" | "soakMs" | "verify" | "timeouts"> {
  /** Targets at the same time in each database, from 1. */
  readonly concurrency: number;
}

/**
 * Runs a plan and keeps its outcomes in the databases it touches. A plan without anything to do is not kept.
 *
 * @param observe sees every event of the rollout
 * @throws FleetError `config` before anything is done, when a role that is to be let in is missing and cannot be made
 */
export function rollOut(
  context: Context,
  prepared: PreparedRollout,
  open: OpenDatabases,
  choices: RolloutChoices,
  observe: Observer,
): Promise<RecordedResult> {
  return letFinish(context, () => rollOutPlan(context, prepared, open, choices, observe));
}

async function rollOutPlan(
  context: Context,
  prepared: PreparedRollout,
  open: OpenDatabases,
  choices: RolloutChoices,
  observe: Observer,
): Promise<RecordedResult> {
  const { fleet } = context.config;
  const { histories, databases, planOne, scriptOf, plan } = prepared;
  const roleOf = await rolesForPlan(context, plan, open);
  // The outcomes are kept on a connection of its own, unless there is only one.
  const room = new Map(databases.map(({ name, room: free }) => [name, Math.max(1, free - 1)]));
  const concurrencyOf = (name: string) =>
    Math.min(choices.concurrency, room.get(name) ?? choices.concurrency);
  const id = newRolloutId(databases);
  const records =
    prepared.kept === false
      ? new Map<string, Recorder>()
      : openRecords(context, prepared, open, id);
  const busy = new Set(
    targetsOf(plan)
      .filter(hasWork)
      .map(({ target }) => target),
  );
  const watch = harmless(observe);
  for (const [name, free] of room) {
    if (free >= choices.concurrency || !records.has(name)) continue;
    const reason = `the server has room for ${free} more`;
    watch({ type: "concurrencyLowered", database: name, to: free, reason });
  }
  await Promise.all([...records.values()].map((recorder) => recorder.keepGoal()));
  const result = await runPlan(plan, {
    ...choices,
    id,
    addressOf: open.addressOf,
    connect: {
      waitMs: fleet.connectTimeout,
      answerWithinMs: answerTimeout(fleet.connectTimeout),
      signal: context.signal,
    },
    concurrencyOf,
    retry: fleet.retry,
    by: `drizzle-fleet ${packageVersion()}`,
    roleOf,
    scriptOf,
    histories,
    replan: (session, target) => replan(session, target, histories, planOne),
    observe: (event) => {
      if (event.type === "targetEnded" && busy.has(event.outcome.target))
        records.get(event.outcome.target.database)?.add(event.outcome, event.wave);
      watch(event);
    },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    ...(context.cancel === undefined ? {} : { cancel: context.cancel }),
  });
  return { ...result, unkept: await closeRecords(context, records, result.stopped) };
}

/** How a rollout ended, and where that could not be kept. */
export interface RecordedResult extends RolloutResult {
  /** Databases that do not keep all outcomes. */
  readonly unkept: readonly string[];
}

/** Fails before anything is done when a statement needs a session of its own, and a pooler stands before it. */
export function refusePooled(
  plan: Plan,
  databases: readonly DatabaseState[],
  scriptOf: PreparedRollout["scriptOf"],
  refusal: (database: string, script: Script, line: number) => FleetError,
): void {
  const pooled = new Set(databases.filter((one) => one.pooled).map(({ name }) => name));
  const problems = new Map<string, FleetError>();
  for (const { target, steps } of targetsOf(plan)) {
    if (!pooled.has(target.database)) continue;
    for (const { tag } of steps) {
      const script = scriptOf(target.service, tag);
      const alone = script?.statements.find(({ transactional }) => !transactional);
      if (script === undefined || alone === undefined) continue;
      const key = JSON.stringify([target.database, target.service, tag]);
      if (!problems.has(key)) problems.set(key, refusal(target.database, script, alone.line));
    }
  }
  throwProblems([...problems.values()], "some migrations need a direct connection");
}

async function replan(
  session: Session,
  target: Target,
  histories: ReadonlyMap<string, History>,
  planOne: Planner,
) {
  const history = histories.get(target.service) ?? historyOf([]);
  // The step before it has left the session with its role's settings.
  await session.query(session.restoreSettings);
  const states = await readLedgers(session, [target.schema], history.known);
  return planOne(target, history, states.get(target.schema) ?? { kind: "noSchema" });
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

function openRecords(
  context: Context,
  { verb, selection, plan, databases, goal, sessions }: PreparedRollout,
  open: OpenDatabases,
  id: string,
): Map<string, Recorder> {
  const busy = targetsOf(plan).filter(hasWork);
  const names = [...new Set(busy.map(({ target }) => target.database))];
  const all = targetsOf(plan).map(({ target }) => target);
  const waitMs = Math.min(context.config.fleet.connectTimeout, 5_000);
  return new Map(
    names.map((name) => {
      const targets = busy.filter(({ target }) => target.database === name).length;
      const rollout: NewRollout = {
        id,
        database: name,
        verb,
        selection,
        startedBy: userAndHost(),
        waves: plan.waves.map((wave) => wave.name),
        targets,
      };
      const free = databases.find((one) => one.name === name)?.room ?? 0;
      const schemas = all.flatMap(({ database, schema }) => (database === name ? schema : []));
      const recorder = new Recorder({
        rollout,
        goal: goal && { ...goal, schemas },
        connect: () => sessions?.take(name) ?? Session.connect(open.addressOf(name), { waitMs }),
        whileRunning: free > 1,
      });
      return [name, recorder];
    }),
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
    context.notify(
      `The outcomes could not be kept in database ${name} (${trouble}): rollouts and --failed will not show them.`,
    );
  }
  return unkept;
}

/** What a rollout did, as every verb that runs one returns it. */
export interface RolledOut {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  readonly stopped?: Stop;
}

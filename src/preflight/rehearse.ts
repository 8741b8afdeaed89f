import { messageOf } from "../core/errors.ts";
import type { TargetPlan } from "../core/plan.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill } from "../core/template.ts";
import { ScriptError } from "../postgres/script-error.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import {
  checkDeferred,
  guard,
  ledgerIs,
  sessionReset,
  tenantSearchPath,
} from "../rollout/guard.ts";
import { begin } from "../rollout/step-run.ts";
import { refuseInterrupted } from "./run.ts";
import type { Sizes } from "./sizes.ts";
import type { PendingStatement } from "./statement.ts";

/** A target whose pending migrations are to be run and rolled back. */
export interface RehearsedTarget {
  readonly plan: TargetPlan;
  readonly statements: readonly PendingStatement[];
  readonly sharedSchemas: readonly string[];
}

/** How a rehearsal ended. */
export interface Rehearsal {
  readonly target: Target;
  /** Undefined if everything ran. */
  readonly failure?: { readonly pending: PendingStatement | undefined; readonly message: string };
  /** Why it is not known whether the migrations would fail. */
  readonly unknown?: string;
}

export interface RehearseOptions {
  readonly concurrency: number;
  readonly lockMs: number;
  /** How long one statement may run, in milliseconds. */
  readonly statementMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly withSession: <Result>(use: (session: Session) => Promise<Result>) => Promise<Result>;
}

/**
 * Why a target is not rehearsed; undefined if it can be. Everything runs in one transaction, which locks its tables until it
 * is rolled back, so only small tables and transactional statements are possible.
 *
 * @param largest how large each table may be, in bytes
 */
export function whyNotRehearsed(
  { plan: { target }, statements }: RehearsedTarget,
  tables: readonly string[],
  sizes: Sizes,
  largest: number,
): string | undefined {
  const alone = statements.find(({ statement }) => !statement.transactional);
  if (alone !== undefined) return `${alone.name} runs outside a transaction`;
  const [, ...later] = statements;
  const commits = later.find(
    ({ statement, place }, index) =>
      statement.startsSegment && place.tag === statements[index]?.place.tag,
  );
  if (commits !== undefined) return `${commits.name} needs a commit before it`;
  const large = tables.find((name) => {
    const size = sizes.of(target.schema, name);
    return size !== undefined && size.bytes + size.indexBytes > largest;
  });
  return large === undefined ? undefined : `table ${large} is too large`;
}

/** Runs the pending migrations of some targets of a database, each target in a transaction that is rolled back. */
export async function rehearseTargets(
  targets: readonly RehearsedTarget[],
  options: RehearseOptions,
): Promise<Rehearsal[]> {
  const waiting = [...targets];
  const results: Rehearsal[] = [];
  const work = () =>
    options.withSession(async (session) => {
      const cancel = () => void session.cancel().catch(() => undefined);
      options.signal?.addEventListener("abort", cancel);
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        refuseInterrupted(options.signal);
        results.push(await rehearseOne(session, one, options));
      }
      options.signal?.removeEventListener("abort", cancel);
    });
  await Promise.all(Array.from({ length: Math.min(options.concurrency, targets.length) }, work));
  return results;
}

async function rehearseOne(
  session: Session,
  { plan, statements, sharedSchemas }: RehearsedTarget,
  { lockMs, statementMs, signal }: RehearseOptions,
): Promise<Rehearsal> {
  const { target, steps, create } = plan;
  const settings = new Map([
    ...session.settings,
    ["lock_timeout", String(lockMs)],
    ["statement_timeout", String(statementMs)],
  ]);
  const before = [
    begin,
    ...sessionReset(session),
    ...guard({
      ...{ target, sharedSchemas, settings, create, scope: "transaction" },
      expectation: ledgerIs(target.schema, steps[0]?.ledger ?? "", create),
    }),
  ];
  const texts = statements.map(({ statement }) =>
    fill(statement.sql, quoteIdentifier(target.schema)),
  );
  const path = `SET LOCAL search_path = ${tenantSearchPath(target, sharedSchemas)}`;
  try {
    await session.pipeline([...before, ...texts, path, checkDeferred, "ROLLBACK"]);
    return { target };
  } catch (error) {
    if (!(error instanceof ScriptError) || session.lost || isConnectionLoss(error.cause))
      throw error;
    refuseInterrupted(signal);
    const pending = statements[error.completed - before.length];
    const state = sqlstateOf(error.cause) ?? "";
    const message = `${messageOf(error.cause)} (SQLSTATE ${state})`;
    return unknownStates.has(state)
      ? { target, unknown: message }
      : { target, failure: { pending, message } };
  }
}

/** Errors that say nothing about the migrations: timeouts, another runner, and a value of an enum that needs a commit. */
const unknownStates = new Set<string>([
  ...[sqlstate.lockNotAvailable, sqlstate.queryCanceled, sqlstate.deadlockDetected],
  ...[sqlstate.targetLocked, sqlstate.ledgerMoved, "55P04"],
]);

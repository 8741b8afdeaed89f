import type { Segment, Statement } from "../core/migration.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifiers.ts";
import { lockKey } from "../postgres/lock.ts";
import { guard } from "./guard.ts";
import { StepError, send, stopIfCancelled, tidy } from "./message.ts";
import { begin, type Opening, type Run, record, textFor } from "./run.ts";

type ConcurrentIndex = NonNullable<Statement["concurrentIndex"]>;

/**
 * Runs a statement that cannot be in a transaction. A small transaction before it writes down that it may have
 * begun, one after it that it is done; the target's lock is held all the while, by the session.
 */
export async function runAlone(run: Run, segment: Segment, opening: Opening): Promise<void> {
  const [statement] = segment.statements;
  if (statement === undefined) return;
  const { session, target, script, step } = run;
  if (session.pooled) {
    const reason = "the statement cannot run in a transaction, and the connection is pooled";
    throw new StepError(new Error(reason), segment.start, statement);
  }
  const begun = step.resumeAt === segment.start ? step.begun : "no";
  const index = statement.concurrentIndex;
  try {
    const options = {
      target,
      sharedSchemas: script.sharedSchemas,
      settings: settingsOf(run),
      ...opening,
    };
    const demand = index === undefined || begun !== "no" ? undefined : demandOf(run, index);
    const open = guard({
      ...options,
      scope: "session",
      ...(demand === undefined ? {} : { demand }),
    });
    await send(session, segment, {
      before: [begin, ...opening.prelude, open],
      after: [record(run, segment.start, true), "COMMIT"],
    });
    stopIfCancelled(run.context.cancel, segment);
    if (!(begun !== "no" && index !== undefined && (await isDone(run, index))))
      await runStatement(run, segment, statement);
    await send(session, segment, {
      before: [begin],
      after: [record(run, segment.start + 1, false), "COMMIT"],
    });
  } finally {
    await tidy(session, leave(run));
  }
}

/** A statement that fails leaves things as they were: no invalid index, and an entry that says it did not begin. */
async function runStatement(run: Run, segment: Segment, statement: Statement): Promise<void> {
  const { session } = run;
  try {
    await send(session, segment, { own: [textFor(run, statement)] });
  } catch (error) {
    const index = statement.concurrentIndex;
    if (index?.action === "create" && !session.lost && (await stateOf(run, index)) === "invalid") {
      await tidy(session, dropIndex(run, index));
    }
    if (!session.lost) await tidy(session, `${begin};${record(run, segment.start, false)};COMMIT`);
    throw error;
  }
}

/**
 * Looks at what an interrupted CREATE or DROP INDEX CONCURRENTLY left behind. An index that is invalid, or that
 * was begun with another text of the file, is dropped, so that it is built anew.
 */
async function isDone(run: Run, index: ConcurrentIndex): Promise<boolean> {
  const state = await stateOf(run, index);
  if (index.action === "drop") return state === "absent";
  if (state === "valid" && run.step.begun === "asItStands") return true;
  if (state !== "absent") await run.session.script(dropIndex(run, index));
  return false;
}

async function stateOf(
  { session, target }: Run,
  { name }: ConcurrentIndex,
): Promise<"absent" | "valid" | "invalid"> {
  const [index] = await session.query<{ valid: boolean }>(
    `SELECT i.indisvalid AS valid FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [target.schema, name],
  );
  if (index === undefined) return "absent";
  return index.valid ? "valid" : "invalid";
}

/**
 * What must be true before the statement may begin. If it began although its name is taken, a later attempt
 * could not tell somebody else's index from its own.
 */
function demandOf(
  { target }: Run,
  { action, name, tolerant }: ConcurrentIndex,
): { condition: string; sqlstate: string; message: string } | undefined {
  if (tolerant) return undefined;
  const relation = quoteLiteral(`${quoteIdentifier(target.schema)}.${quoteIdentifier(name)}`);
  const absent = `pg_catalog.to_regclass(${relation}) IS NULL`;
  return action === "create"
    ? { condition: absent, sqlstate: "42P07", message: `relation "${name}" already exists` }
    : { condition: `NOT ${absent}`, sqlstate: "42704", message: `index "${name}" does not exist` };
}

function dropIndex({ target }: Run, { name }: ConcurrentIndex): string {
  return `DROP INDEX CONCURRENTLY ${quoteIdentifier(target.schema)}.${quoteIdentifier(name)}`;
}

// CREATE INDEX CONCURRENTLY waits for other transactions as if for locks, and blocks nobody while it waits.
function settingsOf({ context, session }: Run): Map<string, string> {
  const timeout = String(context.timeouts.concurrently);
  return new Map([...session.settings, ["lock_timeout", timeout], ["statement_timeout", timeout]]);
}

function leave({ target }: Run): string {
  return `SELECT pg_catalog.pg_advisory_unlock(${lockKey(target.schema)});
RESET lock_timeout; RESET statement_timeout; RESET search_path`;
}

import type { ConcurrentWork } from "../core/migration.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifiers.ts";
import type { GuardOptions } from "./guard.ts";
import type { Run } from "./run.ts";

/**
 * What must be true before the statement may begin. If it began although its name is taken, a later attempt
 * could not tell somebody else's index from its own.
 */
export function demandOf(run: Run, work: ConcurrentWork): GuardOptions["demand"] {
  if ((work.action !== "createIndex" && work.action !== "dropIndex") || work.tolerant)
    return undefined;
  const { name } = work;
  const absent = `pg_catalog.to_regclass(${quoteLiteral(qualified(run, name))}) IS NULL`;
  return work.action === "createIndex"
    ? { condition: absent, sqlstate: "42P07", message: `relation "${name}" already exists` }
    : { condition: `NOT ${absent}`, sqlstate: "42704", message: `index "${name}" does not exist` };
}

/**
 * Looks at what an interrupted statement left behind, and makes room for another attempt: an index that is
 * invalid, or that was begun with another text of the file, is dropped, and a detached partition is let go.
 *
 * @returns true when nothing is left to do
 */
export async function isDone(run: Run, work: ConcurrentWork): Promise<boolean> {
  switch (work.action) {
    case "dropIndex":
      return (await stateOf(run, work.name)) === "absent";
    case "createIndex": {
      const state = await stateOf(run, work.name);
      if (state === "valid" && run.step.begun === "asItStands") return true;
      if (state !== "absent") await run.session.script(dropIndex(run, work.name));
      return false;
    }
    case "reindex":
      await dropHalfRebuilt(run);
      return false;
    case "detach":
      return finishDetaching(run, work);
  }
}

/** After a failure: takes back what can be taken back. Otherwise the next attempt looks at it. */
export async function clearAway(run: Run, work: ConcurrentWork): Promise<void> {
  if (work.action === "createIndex" && (await stateOf(run, work.name)) === "invalid")
    await run.session.script(dropIndex(run, work.name));
  if (work.action === "reindex") await dropHalfRebuilt(run);
}

/** True when a failed statement may have done a part that cannot be taken back. */
export function staysBegun(work: ConcurrentWork | undefined): boolean {
  return work?.action === "detach";
}

async function stateOf(
  { session, target }: Run,
  name: string,
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
 * REINDEX CONCURRENTLY builds beside the old index, and leaves an invalid one when it is cut off; the suffixes are
 * PostgreSQL's (its reference, REINDEX, "Rebuilding Indexes Concurrently").
 */
async function dropHalfRebuilt(run: Run): Promise<void> {
  const indexes = await run.session.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`,
    [run.target.schema],
  );
  for (const { name } of indexes) await run.session.script(dropIndex(run, name));
}

/** DETACH PARTITION CONCURRENTLY has two transactions: when only the first was committed, FINALIZE does the rest. */
async function finishDetaching(
  run: Run,
  { table, partition }: ConcurrentWork & { action: "detach" },
): Promise<boolean> {
  const [parent, child] = [qualified(run, table), qualified(run, partition)];
  const [link] = await run.session.query<{ pending: boolean }>(
    `SELECT inhdetachpending AS pending FROM pg_catalog.pg_inherits
     WHERE inhparent = pg_catalog.to_regclass($1) AND inhrelid = pg_catalog.to_regclass($2)`,
    [parent, child],
  );
  if (link === undefined) return true;
  if (!link.pending) return false;
  await run.session.script(`ALTER TABLE ${parent} DETACH PARTITION ${child} FINALIZE`);
  return true;
}

function dropIndex(run: Run, name: string): string {
  return `DROP INDEX CONCURRENTLY ${qualified(run, name)}`;
}

function qualified({ target }: Run, name: string): string {
  return `${quoteIdentifier(target.schema)}.${quoteIdentifier(name)}`;
}

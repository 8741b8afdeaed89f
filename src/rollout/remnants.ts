import type { ConcurrentWork } from "../core/migration.ts";
import { quoteIdentifier, quoteLiteral } from "../postgres/identifiers.ts";
import type { GuardOptions } from "./guard.ts";
import type { Run } from "./run.ts";

type Detaching = ConcurrentWork & { action: "detach" };
type Reindexing = ConcurrentWork & { action: "reindex" };

interface Named {
  readonly schema?: string;
  readonly name: string;
}

/**
 * What must be true before the statement may begin. Otherwise a later attempt could not tell what the statement
 * did from what was there before.
 */
export function demandOf(run: Run, work: ConcurrentWork): GuardOptions["demand"] {
  switch (work.action) {
    case "createIndex": {
      const { name } = work;
      if (work.tolerant) {
        const message = `index "${name}" exists already, and is not valid`;
        return { condition: `NOT ${invalidIndex(run, work)}`, sqlstate: "55000", message };
      }
      const message = `relation "${name}" already exists`;
      return { condition: absent(run, work), sqlstate: "42P07", message };
    }
    case "dropIndex": {
      const message = `index "${work.name}" does not exist`;
      if (work.tolerant) return undefined;
      return { condition: `NOT ${absent(run, work)}`, sqlstate: "42704", message };
    }
    case "detach": {
      const message = `relation "${work.partition}" is not a partition of relation "${work.table}"`;
      return { condition: `EXISTS (${linkOf(run, work)})`, sqlstate: "42P01", message };
    }
    case "reindex":
      return undefined;
  }
}

/**
 * Looks at what an interrupted statement left behind, and makes room for another attempt: an index that is
 * invalid is dropped, a partition that is half detached is let go.
 *
 * @returns true when nothing is left to do
 */
export async function isDone(run: Run, work: ConcurrentWork): Promise<boolean> {
  switch (work.action) {
    case "dropIndex":
      return (await stateOf(run, work)) === "absent";
    case "createIndex": {
      const state = await stateOf(run, work);
      if (state === "invalid") await run.session.script(dropIndex(run, work));
      return state === "valid";
    }
    case "reindex":
      await dropHalfRebuilt(run, work);
      return false;
    case "detach":
      return finishDetaching(run, work);
  }
}

/**
 * Takes back what a failed statement left.
 *
 * @returns false when a part of it stays, and the next attempt must look at it
 */
export async function clearAway(run: Run, work: ConcurrentWork): Promise<boolean> {
  if (work.action === "createIndex" && (await stateOf(run, work)) === "invalid")
    await run.session.script(dropIndex(run, work));
  if (work.action === "reindex") await dropHalfRebuilt(run, work);
  return work.action !== "detach" || (await linkState(run, work)) === "attached";
}

async function stateOf(run: Run, work: Named): Promise<"absent" | "valid" | "invalid"> {
  const [row] = await run.session.query<{ absent: boolean; invalid: boolean }>(
    `SELECT ${absent(run, work)} AS absent, ${invalidIndex(run, work)} AS invalid`,
  );
  if (row?.absent !== false) return "absent";
  return row.invalid ? "invalid" : "valid";
}

function absent(run: Run, { schema, name }: Named): string {
  return `pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))}) IS NULL`;
}

function invalidIndex(run: Run, { schema, name }: Named): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indisvalid
    AND indexrelid = pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))}))`;
}

/**
 * REINDEX CONCURRENTLY builds beside the old index, and leaves an invalid one when it is cut off; the suffixes are
 * PostgreSQL's (its reference, REINDEX, "Rebuilding Indexes Concurrently"). A table's TOAST table has one, too.
 */
async function dropHalfRebuilt(run: Run, { object, schema, name }: Reindexing): Promise<void> {
  const relation = name === undefined ? null : qualified(run, schema, name);
  const indexes = await run.session.query<{ schema: string; name: string }>(
    `WITH named AS (
       SELECT coalesce(i.indrelid, c.oid) AS oid FROM pg_catalog.pg_class c
       LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
       WHERE CASE WHEN $1::text IS NULL THEN c.relnamespace = pg_catalog.to_regnamespace($2) ELSE c.oid = pg_catalog.to_regclass($1) END
     ), tables AS (
       SELECT oid FROM named UNION SELECT c.reltoastrelid FROM named JOIN pg_catalog.pg_class c USING (oid)
       UNION SELECT inhrelid FROM named JOIN pg_catalog.pg_inherits ON inhparent = named.oid
     )
     SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indrelid IN (SELECT oid FROM tables) AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`,
    [
      relation,
      quoteIdentifier(object === "schema" ? (schema ?? run.target.schema) : run.target.schema),
    ],
  );
  for (const index of indexes) await run.session.script(dropIndex(run, index));
}

/** DETACH PARTITION CONCURRENTLY has two transactions: when only the first was committed, FINALIZE does the rest. */
async function finishDetaching(run: Run, work: Detaching): Promise<boolean> {
  const state = await linkState(run, work);
  if (state === "pending") {
    const [table, partition] = linkedTables(run, work);
    await run.session.script(`ALTER TABLE ${table} DETACH PARTITION ${partition} FINALIZE`);
  }
  return state !== "attached";
}

async function linkState(run: Run, work: Detaching): Promise<"attached" | "pending" | "gone"> {
  const [link] = await run.session.query<{ pending: boolean }>(linkOf(run, work));
  if (link === undefined) return "gone";
  return link.pending ? "pending" : "attached";
}

function linkOf(run: Run, work: Detaching): string {
  const [table, partition] = linkedTables(run, work).map(quoteLiteral);
  return `SELECT inhdetachpending AS pending FROM pg_catalog.pg_inherits
    WHERE inhparent = pg_catalog.to_regclass(${table}) AND inhrelid = pg_catalog.to_regclass(${partition})`;
}

function linkedTables(run: Run, work: Detaching): [table: string, partition: string] {
  const { table, tableSchema, partition, partitionSchema } = work;
  return [qualified(run, tableSchema, table), qualified(run, partitionSchema, partition)];
}

function dropIndex(run: Run, { schema, name }: Named): string {
  return `DROP INDEX CONCURRENTLY ${qualified(run, schema, name)}`;
}

/** A name in a schema, which is the tenant's unless the statement says another. */
function qualified({ target }: Run, schema: string | undefined, name: string): string {
  return `${quoteIdentifier(schema ?? target.schema)}.${quoteIdentifier(name)}`;
}

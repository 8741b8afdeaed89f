import type { ConcurrentWork } from "../core/migration.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { GuardOptions } from "./guard.ts";
import { patienceAlone, type Run } from "./run.ts";

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
 * Makes room for another attempt of an interrupted statement: an index that is invalid is dropped, a partition that
 * is half detached is let go.
 */
export async function finishInterrupted(run: Run, work: ConcurrentWork): Promise<void> {
  if (work.action === "detach") await finishDetaching(run, work);
  else await dropInvalid(run, work);
}

/** True, as SQL, when there is still something to do for an interrupted statement after that. */
export function remains(run: Run, work: ConcurrentWork): string {
  switch (work.action) {
    case "createIndex":
      return absent(run, work);
    case "dropIndex":
      return `NOT ${absent(run, work)}`;
    case "reindex":
      return "true";
    case "detach":
      return `EXISTS (${linkOf(run, work)})`;
  }
}

/**
 * Takes back what a failed statement left.
 *
 * @returns false when a part of it stays, and the next attempt must look at it
 */
export async function clearAway(run: Run, work: ConcurrentWork): Promise<boolean> {
  await dropInvalid(run, work);
  if (work.action !== "detach") return true;
  let attached = false;
  await run.session.when(`EXISTS (${linkOf(run, work)} AND NOT inhdetachpending)`, async () => {
    attached = true;
  });
  return attached;
}

async function dropInvalid(run: Run, work: ConcurrentWork): Promise<void> {
  const withinMs = patienceAlone(run.context);
  if (work.action === "reindex") await run.session.each(dropsOfHalfRebuilt(run, work), withinMs);
  if (work.action !== "createIndex") return;
  const drop = `DROP INDEX CONCURRENTLY ${qualified(run, work.schema, work.name)}`;
  await run.session.when(invalidIndex(run, work), () => run.session.script(drop, withinMs));
}

function absent(run: Run, { schema, name }: Named): string {
  return `(pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))}) IS NULL)`;
}

function invalidIndex(run: Run, { schema, name }: Named): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indisvalid
    AND indexrelid = pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))}))`;
}

/**
 * A query for the statements that drop what was half rebuilt. REINDEX CONCURRENTLY builds beside the old index, and
 * leaves an invalid one when it is cut off; the suffixes are PostgreSQL's (its reference, REINDEX, "Rebuilding Indexes
 * Concurrently"). A table's TOAST table has one, too. PostgreSQL quotes the names: it alone knows them.
 */
function dropsOfHalfRebuilt(run: Run, { object, schema, name }: Reindexing): string {
  const namespace = object === "schema" ? (schema ?? run.target.schema) : run.target.schema;
  const named =
    name === undefined
      ? `c.relnamespace = pg_catalog.to_regnamespace(${quoteLiteral(quoteIdentifier(namespace))})`
      : `c.oid = pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))})`;
  return `WITH named AS (
  SELECT coalesce(i.indrelid, c.oid) AS oid FROM pg_catalog.pg_class c
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE ${named}
), tables AS (
  SELECT oid FROM named UNION SELECT c.reltoastrelid FROM named JOIN pg_catalog.pg_class c USING (oid)
  UNION SELECT inhrelid FROM named JOIN pg_catalog.pg_inherits ON inhparent = named.oid
)
SELECT pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) AS statement FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid IN (SELECT oid FROM tables) AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'`;
}

/** DETACH PARTITION CONCURRENTLY has two transactions: when only the first was committed, FINALIZE does the rest. */
async function finishDetaching(run: Run, work: Detaching): Promise<void> {
  const [table, partition] = linkedTables(run, work);
  const finalize = `ALTER TABLE ${table} DETACH PARTITION ${partition} FINALIZE`;
  await run.session.when(`EXISTS (${linkOf(run, work)} AND inhdetachpending)`, () =>
    run.session.script(finalize, patienceAlone(run.context)),
  );
}

function linkOf(run: Run, work: Detaching): string {
  const [table, partition] = linkedTables(run, work).map(quoteLiteral);
  return `SELECT FROM pg_catalog.pg_inherits
    WHERE inhparent = pg_catalog.to_regclass(${table}) AND inhrelid = pg_catalog.to_regclass(${partition})`;
}

function linkedTables(run: Run, work: Detaching): [table: string, partition: string] {
  const { table, tableSchema, partition, partitionSchema } = work;
  return [qualified(run, tableSchema, table), qualified(run, partitionSchema, partition)];
}

/** A name in a schema, which is the tenant's unless the statement says another. */
function qualified({ target }: Run, schema: string | undefined, name: string): string {
  return `${quoteIdentifier(schema ?? target.schema)}.${quoteIdentifier(name)}`;
}

import type { ConcurrentWork } from "../core/migration.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Precondition } from "./guard.ts";
import type { StepRun } from "./step-run.ts";
import { timeoutAlone } from "./step-run.ts";

type Detaching = ConcurrentWork & { action: "detach" };
type Reindexing = ConcurrentWork & { action: "reindex" };

interface Named {
  readonly schema?: string;
  readonly name: string;
}

/**
 * The condition that must be true before the statement runs. Without it, a later attempt could not tell what the statement
 * did from what already existed.
 */
export function preconditionOf(run: StepRun, work: ConcurrentWork): Precondition | undefined {
  switch (work.action) {
    case "createIndex": {
      const { name } = work;
      if (work.tolerant) {
        const message = `index "${name}" already exists and is not valid`;
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
 * Prepares another attempt of an interrupted statement: drops an invalid index, and finishes detaching a partition that is
 * half detached.
 */
export async function cleanUpInterrupted(run: StepRun, work: ConcurrentWork): Promise<void> {
  if (work.action === "detach") await finishDetaching(run, work);
  else await dropInvalid(run, work);
}

/** SQL that is true when an interrupted statement must run again after the clean-up. */
export function isStillNeeded(run: StepRun, work: ConcurrentWork): string {
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
 * Removes what a failed statement left.
 *
 * @returns false when something is left that the next attempt must clean up
 */
export async function cleanUpFailed(run: StepRun, work: ConcurrentWork): Promise<boolean> {
  await dropInvalid(run, work);
  if (work.action !== "detach") return true;
  let attached = false;
  await run.session.when(`EXISTS (${linkOf(run, work)} AND NOT inhdetachpending)`, async () => {
    attached = true;
  });
  return attached;
}

async function dropInvalid(run: StepRun, work: ConcurrentWork): Promise<void> {
  const withinMs = timeoutAlone(run.context);
  if (work.action === "reindex") await run.session.each(dropsOfHalfRebuilt(run, work), withinMs);
  if (work.action !== "createIndex") return;
  const drop = `DROP INDEX CONCURRENTLY ${qualified(run, work.schema, work.name)}`;
  await run.session.when(invalidIndex(run, work), () => run.session.script(drop, withinMs));
}

function absent(run: StepRun, { schema, name }: Named): string {
  return `(pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))}) IS NULL)`;
}

function invalidIndex(run: StepRun, { schema, name }: Named): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indisvalid
    AND indexrelid = pg_catalog.to_regclass(${quoteLiteral(qualified(run, schema, name))}))`;
}

/**
 * A query for the statements that drop half-rebuilt indexes. REINDEX CONCURRENTLY builds a second index, and one for the TOAST
 * table, and leaves them invalid when interrupted. PostgreSQL chooses their suffix (its reference, REINDEX, "Rebuilding
 * Indexes Concurrently"), so only the server knows the names.
 */
function dropsOfHalfRebuilt(run: StepRun, { object, schema, name }: Reindexing): string {
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

/** DETACH PARTITION CONCURRENTLY has two transactions. If only the first is committed, FINALIZE does the rest. */
async function finishDetaching(run: StepRun, work: Detaching): Promise<void> {
  const [table, partition] = linkedTables(run, work);
  const finalize = `ALTER TABLE ${table} DETACH PARTITION ${partition} FINALIZE`;
  await run.session.when(`EXISTS (${linkOf(run, work)} AND inhdetachpending)`, () =>
    run.session.script(finalize, timeoutAlone(run.context)),
  );
}

function linkOf(run: StepRun, work: Detaching): string {
  const [table, partition] = linkedTables(run, work).map(quoteLiteral);
  return `SELECT FROM pg_catalog.pg_inherits
    WHERE inhparent = pg_catalog.to_regclass(${table}) AND inhrelid = pg_catalog.to_regclass(${partition})`;
}

function linkedTables(run: StepRun, work: Detaching): [table: string, partition: string] {
  const { table, tableSchema, partition, partitionSchema } = work;
  return [qualified(run, tableSchema, table), qualified(run, partitionSchema, partition)];
}

/** A qualified name; without a schema in the statement, in the tenant schema. */
function qualified({ target }: StepRun, schema: string | undefined, name: string): string {
  return `${quoteIdentifier(schema ?? target.schema)}.${quoteIdentifier(name)}`;
}

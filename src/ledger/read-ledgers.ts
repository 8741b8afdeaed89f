import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import { ScriptError } from "../postgres/script.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { digestExpression } from "./digest.ts";
import { ledgerName, ledgerOf } from "./table.ts";

/** Ledgers named in one query. Each takes a slot of the backend's lock table while the query runs. */
const batchSize = 200;

/** Ledger states that need not be fetched row by row, by their digest. */
export type KnownStates = ReadonlyMap<string, readonly LedgerEntry[]>;

/**
 * Reads what many tenant schemas of one database hold, in a few queries: which schemas and ledgers exist, one
 * digest per ledger, and the rows of only those ledgers whose digest is not a known one.
 *
 * @param schemas unquoted schema names
 * @param known what a digest stands for, see `digestOf`
 */
export async function readLedgers(
  session: Session,
  schemas: readonly string[],
  known: KnownStates,
): Promise<Map<string, LedgerState>> {
  const states = new Map<string, LedgerState>(
    schemas.map((schema) => [schema, { kind: "noSchema" }]),
  );
  const found = await findSchemas(session, schemas);
  for (const { schema, readable } of found)
    if (!readable) states.set(schema, { kind: "unreadable" });
  const present = found.filter(({ readable }) => readable);
  const unrecorded = present.filter((row) => !row.ledger).map((row) => row.schema);
  for (const schema of unrecorded) states.set(schema, { kind: "noLedger", relations: 0 });
  for (const row of await countRelations(session, unrecorded)) {
    states.set(row.schema, { kind: "noLedger", relations: row.relations });
  }
  const recorded = present.filter((row) => row.ledger).map((row) => row.schema);
  for (const batch of batches(recorded)) {
    for (const [schema, state] of await readBatch(session, batch, known)) states.set(schema, state);
  }
  return states;
}

/** So long, in milliseconds, a ledger may be locked before the others are read without it. */
const patience = 1_000;

/** Many small tables look dear to the planner: compiling the query would cost more than to run it. */
const readSettings = `SET LOCAL lock_timeout = ${patience}; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL search_path = pg_catalog`;

type ReadState = [schema: string, state: LedgerState];

/** One locked ledger must not hide the others: then they are read one by one. */
async function readBatch(
  session: Session,
  schemas: readonly string[],
  known: KnownStates,
): Promise<ReadState[]> {
  try {
    await session.script(`BEGIN READ ONLY; ${readSettings}`);
    const states = await readTogether(session, schemas, known);
    await session.script("COMMIT");
    return states;
  } catch (error) {
    if (!session.lost) await session.script("ROLLBACK").catch(() => session.close());
    if (sqlstateOf(error) !== sqlstate.lockNotAvailable)
      throw error instanceof ScriptError ? error.cause : error;
    const [schema = "", ...others] = schemas;
    if (others.length === 0) return [[schema, { kind: "locked" }]];
    const states: ReadState[] = [];
    for (const one of schemas) states.push(...(await readBatch(session, [one], known)));
    return states;
  }
}

async function readTogether(
  session: Session,
  schemas: readonly string[],
  known: KnownStates,
): Promise<ReadState[]> {
  const digests = await readDigests(session, schemas);
  const strange = schemas.filter((schema) => !known.has(digests.get(schema) ?? ""));
  const rows =
    strange.length === 0 ? new Map<string, LedgerEntry[]>() : await readEntries(session, strange);
  return schemas.map((schema) => {
    const entries = known.get(digests.get(schema) ?? "") ?? rows.get(schema) ?? [];
    return [schema, { kind: "ledger", entries }];
  });
}

function findSchemas(
  session: Session,
  schemas: readonly string[],
): Promise<{ schema: string; ledger: boolean; readable: boolean }[]> {
  return session.query(
    `SELECT n.nspname AS schema, l.oid IS NOT NULL AS ledger,
       has_schema_privilege(n.oid, 'USAGE') AND (l.oid IS NULL OR has_table_privilege(l.oid, 'SELECT')) AS readable
     FROM pg_catalog.pg_namespace n
     LEFT JOIN pg_catalog.pg_class l ON l.relnamespace = n.oid AND l.relname = $2 AND l.relkind = 'r'
     WHERE n.nspname = ANY($1)`,
    [schemas, ledgerName],
  );
}

/** Tables, views and sequences that belong to no extension. */
async function countRelations(
  session: Session,
  schemas: readonly string[],
): Promise<{ schema: string; relations: number }[]> {
  if (schemas.length === 0) return [];
  return session.query(
    `SELECT n.nspname AS schema, count(*)::integer AS relations
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
         WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     GROUP BY n.nspname`,
    [schemas],
  );
}

async function readDigests(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, string>> {
  const selects = schemas.map(
    (schema, index) =>
      `SELECT ${index} AS index, ${digestExpression} AS digest FROM ${ledgerOf(schema)}`,
  );
  const rows = await session.query<{ index: number; digest: string }>(
    selects.join("\nUNION ALL\n"),
  );
  return new Map(rows.map((row) => [schemas[row.index] ?? "", row.digest]));
}

async function readEntries(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, LedgerEntry[]>> {
  const columns = `tag, checksum, applied = statements AS complete, applied, applied_checksum AS "appliedChecksum", begun`;
  const selects = schemas.map(
    (schema, index) => `SELECT ${index} AS index, ${columns} FROM ${ledgerOf(schema)}`,
  );
  const rows = await session.query<
    { index: number; complete: boolean; begun: boolean } & Record<
      "tag" | "checksum" | "appliedChecksum",
      string
    > & { applied: number }
  >(selects.join("\nUNION ALL\n"));
  const entries = new Map<string, LedgerEntry[]>(schemas.map((schema) => [schema, []]));
  for (const { index, complete, tag, checksum, applied, appliedChecksum, begun } of rows) {
    const entry = complete
      ? { tag, checksum }
      : { tag, checksum, partial: { applied, appliedChecksum, begun } };
    entries.get(schemas[index] ?? "")?.push(entry);
  }
  return entries;
}

function batches(schemas: readonly string[]): string[][] {
  const count = Math.ceil(schemas.length / batchSize);
  return Array.from({ length: count }, (_, index) =>
    schemas.slice(index * batchSize, (index + 1) * batchSize),
  );
}

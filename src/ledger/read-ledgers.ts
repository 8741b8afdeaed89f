import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import { ledgerName } from "../core/ledger.ts";
import { quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { readInBatches } from "./batches.ts";
import { digestExpression, digestOf } from "./digest.ts";
import { readPosition } from "./position.ts";
import { sealQuery } from "./seal.ts";
import { ledgerOf } from "./table.ts";

/** Known states of ledgers, by digest, which need not be read row by row. */
export type KnownStates = ReadonlyMap<string, readonly LedgerEntry[]>;

/**
 * Reads the ledgers of many tenant schemas in one database, in a few queries: which schemas and ledgers exist with their
 * seals, one digest for each ledger whose seal is no known digest, and the rows of those whose digest is not known either.
 *
 * @param schemas unquoted schema names
 * @param known the entries for each digest, see `digestOf`
 * @returns the state of each schema's ledger
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
  const recorded = present.filter((row) => row.ledger);
  const learned = new Map(known);
  const read = (batch: readonly string[]) => readTogether(session, batch, learned);
  const unsealed = recorded.filter(({ seal }) => seal === null || !known.has(seal));
  const names = unsealed.map(({ schema }) => schema);
  for (const [schema, entries] of await readInBatches(session, names, read))
    states.set(schema, entries === undefined ? { kind: "locked" } : { kind: "ledger", entries });
  for (const found of recorded) states.set(found.schema, withSeal(found, states, known));
  await countNextToEmptyLedgers(session, states);
  return states;
}

/** The state of a ledger with that of its seal. An intact seal with a known digest tells its entries. */
function withSeal(
  { schema, seal, renewable }: FoundSchema,
  states: ReadonlyMap<string, LedgerState>,
  known: KnownStates,
): LedgerState {
  const sealed = seal === null ? undefined : known.get(seal);
  const read = states.get(schema);
  if (sealed === undefined && read?.kind !== "ledger") return read ?? { kind: "locked" };
  const entries = sealed ?? (read?.kind === "ledger" ? read.entries : []);
  const isIntact = sealed !== undefined || (seal !== null && digestOf(entries) === seal);
  return { kind: "ledger", entries, ...(isIntact && renewable ? { sealed: true } : {}) };
}

/** An empty ledger does not prove an empty schema: its rows may have been deleted. */
async function countNextToEmptyLedgers(
  session: Session,
  states: Map<string, LedgerState>,
): Promise<void> {
  const empty = [...states].flatMap(([schema, state]) =>
    state.kind === "ledger" && state.entries.length === 0 ? schema : [],
  );
  // The ledger itself is counted.
  const suspects = (await countRelations(session, empty)).filter(({ relations }) => relations > 1);
  const count = (batch: readonly string[]) => countWhereEmpty(session, batch);
  const schemas = suspects.map(({ schema }) => schema);
  for (const [schema, relations] of await readInBatches(session, schemas, count))
    if (relations !== undefined && relations > 1)
      states.set(schema, {
        ...states.get(schema),
        kind: "ledger",
        entries: [],
        relations: relations - 1,
      });
}

/**
 * Counts relations like `countRelations`, in schemas whose ledger is still empty. Another runner may have migrated a
 * schema after its ledger was read.
 */
async function countWhereEmpty(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, number>> {
  const selects = schemas.map(
    (schema, index) =>
      `SELECT ${index} AS index, (SELECT count(*)::integer ${fromRelationsOf(`ARRAY[${quoteLiteral(schema)}]`)}) AS relations
       WHERE NOT EXISTS (SELECT FROM ${ledgerOf(schema)})`,
  );
  const rows = await session.query<{ index: number; relations: number }>(
    selects.join("\nUNION ALL\n"),
  );
  return new Map(rows.map((row) => [schemas[row.index] ?? "", row.relations]));
}

/** @param known is extended: in a fleet of old, identical ledgers only one is read row by row */
async function readTogether(
  session: Session,
  schemas: readonly string[],
  known: Map<string, readonly LedgerEntry[]>,
): Promise<Map<string, readonly LedgerEntry[]>> {
  const digests = await readDigests(session, schemas);
  const digestFor = (schema: string) => digests.get(schema) ?? "";
  const strange = schemas.filter((schema) => !known.has(digestFor(schema)));
  const first = [...new Map(strange.map((schema) => [digestFor(schema), schema])).values()];
  const rows = await readEntries(session, first);
  for (const schema of first) {
    const entries = rows.get(schema) ?? [];
    // A digest does not cover which statements of a partly applied migration were run, and rows may have changed
    // since.
    const isWhole = entries.every(({ partial }) => partial === undefined);
    if (isWhole && digestOf(entries) === digestFor(schema)) known.set(digestFor(schema), entries);
  }
  const others = strange.filter((schema) => !known.has(digestFor(schema)) && !rows.has(schema));
  for (const [schema, entries] of await readEntries(session, others)) rows.set(schema, entries);
  return new Map(
    schemas.map((schema) => {
      const entries = rows.get(schema) ?? known.get(digestFor(schema)) ?? [];
      return [schema, entries];
    }),
  );
}

/** What the catalogs say about a tenant schema. */
interface FoundSchema {
  readonly schema: string;
  readonly ledger: boolean;
  readonly readable: boolean;
  /** The ledger's seal; null if it has none. */
  readonly seal: string | null;
  /** True if the role may renew the seal. */
  readonly renewable: boolean;
}

function findSchemas(session: Session, schemas: readonly string[]): Promise<FoundSchema[]> {
  return session.query(
    `SELECT n.nspname AS schema, l.oid IS NOT NULL AS ledger, s.seal,
       coalesce(pg_has_role(l.relowner, 'USAGE'), false) AS renewable,
       has_schema_privilege(n.oid, 'USAGE') AND (l.oid IS NULL OR has_table_privilege(l.oid, 'SELECT')) AS readable
     FROM pg_catalog.pg_namespace n
     LEFT JOIN pg_catalog.pg_class l ON l.relnamespace = n.oid AND l.relname = $2 AND l.relkind = 'r'
     LEFT JOIN LATERAL (${sealQuery("l.oid", "n.nspname")}) s ON true
     WHERE n.nspname = ANY($1)`,
    [schemas, ledgerName],
  );
}

async function countRelations(
  session: Session,
  schemas: readonly string[],
): Promise<{ schema: string; relations: number }[]> {
  if (schemas.length === 0) return [];
  return session.query(
    `SELECT n.nspname AS schema, count(*)::integer AS relations
     ${fromRelationsOf("$1")} GROUP BY n.nspname`,
    [schemas],
  );
}

/**
 * A FROM clause: the tables, views and sequences of schemas, except those of extensions.
 *
 * @param schemas an SQL array of names
 */
export function fromRelationsOf(schemas: string): string {
  return `FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY(${schemas}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
         WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;
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
  if (schemas.length === 0) return new Map();
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
      : { tag, checksum, partial: { applied, begun, ...readPosition(appliedChecksum) } };
    entries.get(schemas[index] ?? "")?.push(entry);
  }
  return entries;
}

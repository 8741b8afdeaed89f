import { createHash } from "node:crypto";
import { ledgerName } from "../core/ledger.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { digestExpression } from "./digest.ts";
import { ledgerOf } from "./table.ts";

/**
 * The seal of a ledger is its digest, as a comment on a trigger of the ledger. The trigger, and another one for TRUNCATE,
 * break the seal when anything writes to the ledger that does not seal it in the same transaction: they remove the comment.
 * So one query on the catalogs finds the state of a whole fleet, a hundred times faster than opening every ledger.
 *
 * The triggers fire in every session_replication_role. A seal does not count if they are not as they were made. It belongs
 * to the table, so a dump of the table, or of the schema, contains it together with the rows.
 */
export const sealTrigger = `${ledgerName}_edited`;

/** The triggers, with their types in pg_trigger: AFTER each row that is written, replicated ones too, and AFTER TRUNCATE. */
const [edited, truncated] = [
  { name: sealTrigger, type: 29 },
  { name: `${ledgerName}_truncated`, type: 32 },
] as const;

/**
 * What the triggers call, as its owner. If the table belongs to another role by now, only that role can remove the comment.
 * Then the function marks itself: this breaks the seal, too. Without names, it still works after the schema is renamed.
 */
const body = `BEGIN
  EXECUTE format('COMMENT ON TRIGGER %I ON %I.%I IS NULL', '${sealTrigger}', TG_TABLE_SCHEMA, TG_TABLE_NAME);
  RETURN NULL;
EXCEPTION WHEN insufficient_privilege THEN
  EXECUTE format('COMMENT ON FUNCTION %s IS %L', (SELECT tgfoid::regprocedure FROM pg_trigger WHERE tgrelid = TG_RELID AND tgname = TG_NAME), 'broken');
  RETURN NULL;
END`;

/**
 * The name of the function. It differs from schema to schema: PostgreSQL looks up a function among all of that name in
 * the database, so that creating the ten-thousandth would take milliseconds.
 */
function breakerOf(schema: string): string {
  return `${sealTrigger}_${createHash("sha256").update(schema).digest("hex").slice(0, 12)}`;
}

/** The same name as an SQL expression over that of the schema. */
function breakerIn(schema: string): string {
  return `${quoteLiteral(`${sealTrigger}_`)} || left(encode(sha256(convert_to(${schema}, 'UTF8')), 'hex'), 12)`;
}

/** The function with its schema, as SQL. */
function callOf(schema: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(breakerOf(schema))}()`;
}

/** A step sets it to `on` while it writes the entry and the seal that belong together. */
const writing = "drizzle_fleet.writes_seal";

/** SQL for a SELECT list: from now on, until the transaction ends, writes to ledgers break no seal; or they do again. */
function keepSeals(keep: boolean): string {
  return `pg_catalog.set_config('${writing}', '${keep ? "on" : ""}', true)`;
}

/** The session's setting with which `sealing` is not needed. */
export const sealKeeping = [writing, "on"] as const;

/** Statements that create the function and the triggers of a ledger, or restore them. */
export function makeSealable(schema: string): string[] {
  const call = callOf(schema);
  const ledger = ledgerOf(schema);
  const foreign = `WHEN (pg_catalog.current_setting('${writing}', true) IS DISTINCT FROM 'on')`;
  const [row, truncate] = [edited, truncated].map(({ name }) => quoteIdentifier(name));
  return [
    `CREATE OR REPLACE FUNCTION ${call} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS ${quoteLiteral(body)}`,
    `REVOKE ALL ON FUNCTION ${call} FROM PUBLIC`,
    // Replacing a function keeps its comment.
    `COMMENT ON FUNCTION ${call} IS NULL`,
    `CREATE OR REPLACE TRIGGER ${row} AFTER INSERT OR UPDATE OR DELETE ON ${ledger} FOR EACH ROW ${foreign} EXECUTE FUNCTION ${call}`,
    `CREATE OR REPLACE TRIGGER ${truncate} AFTER TRUNCATE ON ${ledger} FOR EACH STATEMENT ${foreign} EXECUTE FUNCTION ${call}`,
    `ALTER TABLE ${ledger} ENABLE ALWAYS TRIGGER ${row}, ENABLE ALWAYS TRIGGER ${truncate}`,
  ];
}

/** A block of PL/pgSQL that drops the functions that a schema has kept from its earlier names. */
export function dropOldFunctions(schema: string): string {
  return `FOR old IN SELECT oid::regprocedure FROM pg_catalog.pg_proc WHERE pronamespace = ${quoteLiteral(quoteIdentifier(schema))}::regnamespace
    AND proname LIKE ${quoteLiteral(`${sealTrigger.replaceAll("_", "\\_")}\\_%`)} AND proname <> ${quoteLiteral(breakerOf(schema))}
  LOOP EXECUTE format('DROP FUNCTION %s', old); END LOOP`;
}

/** A statement that seals a ledger. */
export function seal(schema: string, digest: string): string {
  return `COMMENT ON TRIGGER ${quoteIdentifier(edited.name)} ON ${ledgerOf(schema)} IS ${quoteLiteral(digest)}`;
}

/** A statement that seals a ledger as it is. */
export function sealAsIs(schema: string): string {
  const block = `BEGIN
  EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', ${quoteLiteral(edited.name)}, ${quoteLiteral(ledgerOf(schema))},
    (SELECT ${digestExpression} FROM ${ledgerOf(schema)}));
END`;
  return `DO ${quoteLiteral(block)}`;
}

/** Statements that write to the ledger and seal it. Without a digest, the writes break its seal. */
export function sealing(
  schema: string,
  digest: string | undefined,
  writes: readonly string[],
): readonly string[] {
  if (digest === undefined) return writes;
  return [
    `SELECT ${keepSeals(true)}`,
    ...writes,
    seal(schema, digest),
    `SELECT ${keepSeals(false)}`,
  ];
}

/** SQL for the comment of an object; null if it has none. */
function commentOn(catalog: "pg_proc" | "pg_trigger", oid: string): string {
  return `(SELECT description FROM pg_catalog.pg_description WHERE objoid = ${oid}
    AND classoid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND objsubid = 0)`;
}

/**
 * SQL that is true while a ledger is sealed with a digest.
 *
 * @param ledger an SQL expression: the ledger's quoted and qualified name, as text
 * @param digest an SQL expression
 */
export function sealIs(ledger: string, digest: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_trigger t
  WHERE t.tgrelid = pg_catalog.to_regclass(${ledger}) AND t.tgname = ${quoteLiteral(edited.name)} AND t.tgenabled = 'A'
    AND ${commentOn("pg_trigger", "t.oid")} = ${digest} AND ${commentOn("pg_proc", "t.tgfoid")} IS NULL)`;
}

/**
 * A query for the seal of a ledger, `seal`. It has no row if the function, the triggers or the key are not as they were
 * made, or if there are other triggers or rules, which could keep an entry from being written.
 *
 * @param ledger an SQL expression: the ledger's oid
 * @param schema an SQL expression: the schema's name
 */
export function sealQuery(ledger: string, schema: string): string {
  // Functions are looked up by their oid: without statistics, the planner would search for their names.
  const functionOf = (condition: string) =>
    `(SELECT ${condition} FROM pg_catalog.pg_proc p WHERE p.oid = max(t.tgfoid))`;
  const is = ({ name, type }: typeof edited | typeof truncated) =>
    `(t.tgname = ${quoteLiteral(name)} AND t.tgtype = ${type})`;
  const oid = `max(t.oid) FILTER (WHERE t.tgname = ${quoteLiteral(edited.name)})`;
  return `SELECT ${commentOn("pg_trigger", oid)} AS seal
  FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ${ledger}
  HAVING count(t.tgname) = 2 AND min(t.tgfoid) = max(t.tgfoid)
    AND count(t.tgname) FILTER (WHERE (${is(edited)} OR ${is(truncated)}) AND t.tgenabled = 'A' AND t.tgqual IS NOT NULL) = 2
    AND ${functionOf(`p.proname = ${breakerIn(schema)} AND p.prosrc = ${quoteLiteral(body)} AND p.prosecdef`)}
    AND ${commentOn("pg_proc", "max(t.tgfoid)")} IS NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = ${ledger})
    AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = ${ledger} AND i.indisprimary)`;
}

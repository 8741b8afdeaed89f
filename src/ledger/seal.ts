import { createHash } from "node:crypto";
import { ledgerName } from "../core/ledger.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { digestExpression } from "./digest.ts";
import { ledgerOf } from "./table.ts";

/**
 * The seal of a ledger is its digest, as a comment on a function in the tenant schema. Two triggers call the function when
 * anyone but a step of drizzle-fleet writes to the ledger: it breaks the seal, that is, removes its own comment. So one
 * query on the catalogs finds the state of a whole fleet, a hundred times faster than opening every ledger.
 *
 * The function runs as its owner, who may always comment on it. The triggers fire in every session_replication_role; while
 * one is missing or not in that state, the seal does not count. A dump of the schema contains all of it.
 */
const breaker = `${ledgerName}_edited`;

/** The triggers: one for rows, which fires for replicated rows too, and one for TRUNCATE, which has no rows. */
const triggers = [breaker, `${ledgerName}_truncated`] as const;

/**
 * The name of the function. It differs from schema to schema: PostgreSQL looks up a function among all of that name in
 * the database, so that creating the ten-thousandth would take milliseconds.
 */
function breakerOf(schema: string): string {
  return `${breaker}_${createHash("sha256").update(schema).digest("hex").slice(0, 12)}`;
}

/** The same name as an SQL expression over that of the schema. */
function breakerIn(schema: string): string {
  return `${quoteLiteral(`${breaker}_`)} || left(encode(sha256(convert_to(${schema}, 'UTF8')), 'hex'), 12)`;
}

/** The function, as `regprocedure` reads it. */
export function sealHolder(schema: string): string {
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
  const call = sealHolder(schema);
  const foreign = `WHEN (pg_catalog.current_setting('${writing}', true) IS DISTINCT FROM 'on')`;
  const [edited, truncated] = triggers.map(quoteIdentifier);
  // Without names, so that it still works after the schema is renamed.
  const body = `BEGIN
  EXECUTE format('COMMENT ON FUNCTION %s IS NULL', (SELECT tgfoid::regprocedure FROM pg_trigger WHERE tgrelid = TG_RELID AND tgname = TG_NAME));
  RETURN NULL;
END`;
  return [
    `CREATE OR REPLACE FUNCTION ${call} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS ${quoteLiteral(body)}`,
    `REVOKE ALL ON FUNCTION ${call} FROM PUBLIC`,
    `CREATE OR REPLACE TRIGGER ${edited} AFTER INSERT OR UPDATE OR DELETE ON ${ledgerOf(schema)} FOR EACH ROW ${foreign} EXECUTE FUNCTION ${call}`,
    `CREATE OR REPLACE TRIGGER ${truncated} AFTER TRUNCATE ON ${ledgerOf(schema)} FOR EACH STATEMENT ${foreign} EXECUTE FUNCTION ${call}`,
    `ALTER TABLE ${ledgerOf(schema)} ENABLE ALWAYS TRIGGER ${edited}, ENABLE ALWAYS TRIGGER ${truncated}`,
  ];
}

/** A block of PL/pgSQL that drops the functions that a schema has kept from its earlier names. */
export function dropOldHolders(schema: string): string {
  return `FOR old IN SELECT oid::regprocedure FROM pg_catalog.pg_proc WHERE pronamespace = ${quoteLiteral(quoteIdentifier(schema))}::regnamespace
    AND proname LIKE ${quoteLiteral(`${breaker.replaceAll("_", "\\_")}\\_%`)} AND proname <> ${quoteLiteral(breakerOf(schema))}
  LOOP EXECUTE format('DROP FUNCTION %s', old); END LOOP`;
}

/** A statement that seals a ledger. */
export function seal(schema: string, digest: string): string {
  return `COMMENT ON FUNCTION ${sealHolder(schema)} IS ${quoteLiteral(digest)}`;
}

/** A statement that seals a ledger as it is. */
export function sealAsIs(schema: string): string {
  const block = `BEGIN
  EXECUTE format('COMMENT ON FUNCTION %s IS %L', ${quoteLiteral(sealHolder(schema))},
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

const onFunction = "classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND objsubid = 0";

/**
 * SQL that is true while a ledger is sealed with a digest, provided that its triggers were in place before.
 *
 * @param holder an SQL expression: see `sealHolder`
 * @param digest an SQL expression
 */
export function sealIs(holder: string, digest: string): string {
  return `(SELECT description FROM pg_catalog.pg_description WHERE objoid = pg_catalog.to_regprocedure(${holder})
  AND ${onFunction}) IS NOT DISTINCT FROM ${digest}`;
}

/**
 * A query for the seal of a ledger, `seal`, and whether the role may renew it, `renewable`. It has no row if the triggers or
 * the key are not in place, or if there are other triggers or rules, which could keep an entry from being written.
 *
 * @param ledger an SQL expression: the ledger's oid
 * @param schema an SQL expression: the schema's name
 */
export function sealQuery(ledger: string, schema: string): string {
  const names = triggers.map(quoteLiteral).join(", ");
  // Functions are looked up by their oid: without statistics, the planner would search for their names.
  const function_ = (column: string, oid: string) =>
    `(SELECT ${column} FROM pg_catalog.pg_proc p WHERE p.oid = ${oid})`;
  return `SELECT (SELECT description FROM pg_catalog.pg_description WHERE objoid = max(t.tgfoid) AND ${onFunction}) AS seal,
    pg_has_role(${function_("p.proowner", "max(t.tgfoid)")}, 'USAGE') AS renewable
  FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ${ledger}
  HAVING count(t.tgname) = 2 AND min(t.tgfoid) = max(t.tgfoid)
    AND count(t.tgname) FILTER (WHERE t.tgname IN (${names}) AND t.tgenabled = 'A') = 2
    AND ${function_("p.proname", "max(t.tgfoid)")} = ${breakerIn(schema)}
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = ${ledger})
    AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = ${ledger} AND i.indisprimary)`;
}

import { createHash } from "node:crypto";
import { ledgerName } from "../core/ledger.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { ledgerOf } from "./table.ts";

/**
 * The seal of a ledger is its digest as a comment on the table. One query on the catalogs finds the seals of a whole fleet,
 * which is a hundred times faster than opening every ledger. Two triggers break the seal (remove the comment) when anyone
 * but a step of drizzle-fleet writes to the ledger. They fire in every session_replication_role; while one is missing or
 * not in that state, the seal does not count. A dump of the schema contains comment, function and triggers.
 */
const breaker = `${ledgerName}_edited`;

/** The triggers: one for rows, which fires for replicated rows too, and one for TRUNCATE, which has no rows. */
const triggers = [breaker, `${ledgerName}_truncated`] as const;

/**
 * The name of the triggers' function. It differs from schema to schema: PostgreSQL looks up a function among all of that
 * name in the database, so that creating the ten-thousandth would take milliseconds.
 */
function breakerOf(schema: string): string {
  return `${breaker}_${createHash("sha256").update(schema).digest("hex").slice(0, 12)}`;
}

/** A step sets it to `on` while it writes the entry and the seal that belong together. */
const writing = "drizzle_fleet.writes_seal";

/** SQL for a SELECT list: from now on, until the transaction ends, writes to ledgers break no seal; or they do again. */
export function keepSeals(keep: boolean): string {
  return `pg_catalog.set_config('${writing}', '${keep ? "on" : ""}', true)`;
}

/** The session's setting with which a step need not call `keepSeals`. */
export const sealKeeping = [writing, "on"] as const;

/**
 * Statements that give a new ledger its triggers, so that it can be sealed. The function runs as its owner, because only
 * the ledger's owner may comment on it.
 */
export function makeSealable(schema: string): string[] {
  const call = `${quoteIdentifier(schema)}.${quoteIdentifier(breakerOf(schema))}()`;
  const foreign = `WHEN (pg_catalog.current_setting('${writing}', true) IS DISTINCT FROM 'on')`;
  const [edited, truncated] = triggers.map(quoteIdentifier);
  return [
    `CREATE OR REPLACE FUNCTION ${call} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS ${quoteLiteral("BEGIN EXECUTE format('COMMENT ON TABLE %I.%I IS NULL', TG_TABLE_SCHEMA, TG_TABLE_NAME); RETURN NULL; END")}`,
    `REVOKE ALL ON FUNCTION ${call} FROM PUBLIC`,
    `CREATE OR REPLACE TRIGGER ${edited} AFTER INSERT OR UPDATE OR DELETE ON ${ledgerOf(schema)} FOR EACH ROW ${foreign} EXECUTE FUNCTION ${call}`,
    `CREATE OR REPLACE TRIGGER ${truncated} AFTER TRUNCATE ON ${ledgerOf(schema)} FOR EACH STATEMENT ${foreign} EXECUTE FUNCTION ${call}`,
    `ALTER TABLE ${ledgerOf(schema)} ENABLE ALWAYS TRIGGER ${edited}, ENABLE ALWAYS TRIGGER ${truncated}`,
  ];
}

/** A statement that seals a ledger. */
export function seal(schema: string, digest: string): string {
  return `COMMENT ON TABLE ${ledgerOf(schema)} IS ${quoteLiteral(digest)}`;
}

/**
 * SQL that is true while a ledger is sealed with a digest, provided that its triggers were in place before.
 *
 * @param ledger an SQL expression: the ledger's quoted and qualified name, as text
 * @param digest an SQL expression
 */
export function sealIs(ledger: string, digest: string): string {
  return `(SELECT description FROM pg_catalog.pg_description WHERE objoid = pg_catalog.to_regclass(${ledger})
  AND classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objsubid = 0) IS NOT DISTINCT FROM ${digest}`;
}

/**
 * SQL for the seal of a ledger: its comment; null if it has none, if its triggers are not in place, or if there are other
 * triggers or rules, which could keep an entry from being written.
 *
 * @param ledger an SQL expression: the ledger's oid
 */
export function sealOf(ledger: string): string {
  const names = triggers.map(quoteLiteral).join(", ");
  const ours = quoteLiteral(`${breaker.replaceAll("_", "\\_")}%`);
  return `(SELECT d.description FROM pg_catalog.pg_description d
  WHERE d.objoid = ${ledger} AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0 AND (
    SELECT count(*) = 2 AND count(*) FILTER (WHERE t.tgname IN (${names}) AND t.tgenabled = 'A'
        AND (SELECT p.proname FROM pg_catalog.pg_proc p WHERE p.oid = t.tgfoid) LIKE ${ours}) = 2
    FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ${ledger})
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = ${ledger}))`;
}

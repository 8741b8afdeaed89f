import { quoteLiteral } from "../core/quoting.ts";

/**
 * What our own statements run with, whatever the role, the database or the server sets: PostgreSQL's own defaults, in
 * UTC. Settings that a server does not know are left out (`transaction_timeout` is of PostgreSQL 17).
 * `default_transaction_read_only` is missing on purpose: see docs/ARCHITECTURE.md.
 */
const toolSettings: readonly (readonly [name: string, value: string])[] = [
  // What we read.
  ["DateStyle", "ISO, MDY"],
  ["IntervalStyle", "postgres"],
  ["TimeZone", "UTC"],
  ["bytea_output", "hex"],
  ["extra_float_digits", "1"],
  ["quote_all_identifiers", "off"],
  ["array_nulls", "on"],
  ["xmloption", "content"],
  ["row_security", "on"],
  ["search_path", "pg_catalog"],
  // Whether we work. The operations have time limits of their own.
  ["statement_timeout", "0"],
  ["lock_timeout", "0"],
  ["idle_in_transaction_session_timeout", "0"],
  ["idle_session_timeout", "0"],
  ["transaction_timeout", "0"],
  ["default_transaction_isolation", "read committed"],
  ["default_transaction_deferrable", "off"],
  ["synchronous_commit", "on"],
];

/**
 * SQL that gives a session our own settings, as a query of one row. On a backend that a pooler shares it sets
 * DateStyle alone, and only where it is another one: poolers give each client its own, and no other of these settings.
 *
 * @param backend the process id that the connection was greeted with
 */
export function setToolSettings(backend: number): string {
  const rows = toolSettings.map(
    ([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(value)})`,
  );
  // A stronger confirmation than the local disk's is kept.
  const wanted = `CASE own.name
    WHEN 'synchronous_commit' THEN pg_catalog.current_setting(own.name) = 'off'
    WHEN 'DateStyle' THEN pg_catalog.pg_backend_pid() = ${backend} OR pg_catalog.current_setting(own.name) NOT LIKE 'ISO%'
    ELSE true END`;
  return `SELECT pg_catalog.count(pg_catalog.set_config(own.name, own.value, false)) AS settings
FROM (VALUES ${rows.join(", ")}) AS own (name, value)
WHERE (pg_catalog.pg_backend_pid() = ${backend} OR own.name = 'DateStyle')
  AND pg_catalog.current_setting(own.name, true) IS NOT NULL AND ${wanted}`;
}

/**
 * What an application's transactions run with, because its driver reads dates and intervals in this form alone. The
 * order of day and month in what is written stays as the role has it.
 */
export const isoDateSettings = ["SET LOCAL DateStyle = ISO", "SET LOCAL IntervalStyle = postgres"];

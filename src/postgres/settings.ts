import { quoteLiteral } from "../core/quoting.ts";

/**
 * The settings for drizzle-fleet's own statements, whatever the role, the database or the server sets: PostgreSQL's
 * defaults, in UTC. Settings that a server does not know are skipped (`transaction_timeout` is new in PostgreSQL 17).
 * `default_transaction_read_only` is left out on purpose: see docs/ARCHITECTURE.md.
 */
const toolSettings: readonly (readonly [name: string, value: string])[] = [
  // Formats of values that drizzle-fleet reads.
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
  // Limits and isolation. The operations have their own time limits.
  ["statement_timeout", "0"],
  ["lock_timeout", "0"],
  ["idle_in_transaction_session_timeout", "0"],
  ["idle_session_timeout", "0"],
  ["transaction_timeout", "0"],
  ["default_transaction_isolation", "read committed"],
  ["default_transaction_deferrable", "off"],
  ["synchronous_commit", "on"],
  // The planner overestimates queries on catalogs: compiling one takes seconds, and running it milliseconds.
  ["jit", "off"],
];

/**
 * SQL that applies drizzle-fleet's settings to a session, as a query with one row. On a backend that a pooler shares
 * it only sets DateStyle, and only if it differs: poolers track it per client, unlike the other settings.
 *
 * @param backend the process id that the server reported when the client connected
 */
export function setToolSettings(backend: number): string {
  const rows = toolSettings.map(
    ([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(value)})`,
  );
  // A value stronger than `on` is kept.
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
 * Settings for an application's transactions: its driver can only parse these formats of dates and intervals. The
 * order of day and month in input stays as the role configures it.
 */
export const isoDateSettings = ["SET LOCAL DateStyle = ISO", "SET LOCAL IntervalStyle = postgres"];

import { lockKey } from "../postgres/lock.ts";
import type { Session } from "../postgres/session.ts";

/**
 * What belongs to the fleet and to no tenant, in each of its databases: the rollouts and their outcomes. Nobody
 * but the role that made it may look in.
 */
const ddl = `CREATE SCHEMA IF NOT EXISTS drizzle_fleet;
CREATE TABLE IF NOT EXISTS drizzle_fleet.rollouts (
  id text PRIMARY KEY,
  verb text NOT NULL,
  selection jsonb NOT NULL,
  started_at timestamptz NOT NULL,
  started_by text NOT NULL,
  targets integer NOT NULL,
  ended_at timestamptz,
  stopped text
);
CREATE TABLE IF NOT EXISTS drizzle_fleet.outcomes (
  rollout text NOT NULL REFERENCES drizzle_fleet.rollouts ON DELETE CASCADE,
  service text NOT NULL,
  tenant text,
  schema text NOT NULL,
  wave text NOT NULL,
  status text NOT NULL,
  applied text[] NOT NULL,
  duration_ms integer NOT NULL,
  failure jsonb,
  PRIMARY KEY (rollout, service, schema)
)`;

/** True when the database has the control schema's tables. */
export async function hasControlTables(session: Session): Promise<boolean> {
  const [row] = await session.query<{ there: boolean }>(
    "SELECT pg_catalog.to_regclass('drizzle_fleet.outcomes') IS NOT NULL AS there",
  );
  return row?.there === true;
}

/** Makes what is missing of the control schema. Two runners that do it at once do not disturb each other. */
export async function createControlTables(session: Session): Promise<void> {
  if (await hasControlTables(session)) return;
  const lock = `SELECT pg_catalog.pg_advisory_xact_lock(${lockKey("drizzle_fleet")})`;
  await session.script(`BEGIN;\n${lock};\n${ddl};\nCOMMIT`);
}

import { setTimeout as sleep } from "node:timers/promises";
import { lockKey } from "../postgres/lock.ts";
import type { Session } from "../postgres/session.ts";

/** Tells whether the control schema has all these tables. No privilege on them is needed. */
export async function hasTables(session: Session, names: readonly string[]): Promise<boolean> {
  return (await readState(session, names)).tables === names.length;
}

/**
 * Creates missing tables of the control schema, which belongs to the fleet: only the role that creates it has access.
 * If the schema exists, no privilege on the database is needed. Two runners can do this at the same time.
 *
 * @param ddl statements that create the tables if they do not exist
 */
export async function createMissing(
  session: Session,
  names: readonly string[],
  ddl: string,
): Promise<void> {
  for (;;) {
    const { schema, tables } = await readState(session, names);
    if (tables === names.length) return;
    await session.script("BEGIN");
    // Do not wait in the database: a waiting transaction would delay every CREATE INDEX CONCURRENTLY.
    const [row] = await session.query<{ ours: boolean }>(
      `SELECT pg_catalog.pg_try_advisory_xact_lock(${lockKey("drizzle_fleet")}) AS ours`,
    );
    const statements = schema ? ddl : `CREATE SCHEMA IF NOT EXISTS drizzle_fleet;\n${ddl}`;
    await session.script(row?.ours === true ? `${statements};\nCOMMIT` : "ROLLBACK");
    if (row?.ours !== true) await sleep(50);
  }
}

/** The tables that a session has seen. Tables are never dropped, so it need not look for them again. */
const seen = new WeakMap<Session, ReadonlySet<string>>();

async function readState(
  session: Session,
  names: readonly string[],
): Promise<{ schema: boolean; tables: number }> {
  const kept = seen.get(session) ?? new Set();
  if (names.every((name) => kept.has(name))) return { schema: true, tables: names.length };
  const [row] = await session.query<{ schema: boolean; tables: number }>(
    `SELECT count(DISTINCT n.oid) > 0 AS schema, count(c.oid)::integer AS tables FROM pg_catalog.pg_namespace n
     LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ANY($1) AND c.relkind = 'r'
     WHERE n.nspname = 'drizzle_fleet'`,
    [names],
  );
  if (row?.tables === names.length) seen.set(session, new Set([...kept, ...names]));
  return row ?? { schema: false, tables: 0 };
}

const rolloutTables = ["rollouts", "outcomes"];

/** Added in a later version: a database can have the others without this one. */
const goalTable = "goals";

/** `database` is the name in the configuration: two names can mean the same database. */
const rolloutDdl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.rollouts (
  id text,
  database text,
  verb text NOT NULL,
  selection jsonb NOT NULL,
  started_at timestamptz NOT NULL,
  started_by text NOT NULL,
  waves text[] NOT NULL,
  targets integer NOT NULL,
  ended_at timestamptz,
  stopped text,
  PRIMARY KEY (id, database)
);
CREATE TABLE IF NOT EXISTS drizzle_fleet.outcomes (
  rollout text,
  database text,
  service text,
  tenant text,
  schema text,
  wave text NOT NULL,
  status text NOT NULL,
  applied text[] NOT NULL,
  duration_ms integer NOT NULL,
  failure jsonb,
  PRIMARY KEY (rollout, database, service, schema),
  FOREIGN KEY (rollout, database) REFERENCES drizzle_fleet.rollouts ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS drizzle_fleet.goals (
  rollout text,
  database text,
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  direction text NOT NULL CHECK (direction IN ('up', 'down')),
  ends jsonb NOT NULL,
  databases text[] NOT NULL,
  schemas text[] NOT NULL,
  PRIMARY KEY (rollout, database),
  FOREIGN KEY (rollout, database) REFERENCES drizzle_fleet.rollouts ON DELETE CASCADE
)`;

/** Tells whether the database has the tables for rollouts. */
export function hasRolloutTables(session: Session): Promise<boolean> {
  return hasTables(session, rolloutTables);
}

/** Tells whether the database has the table for the goals of rollouts. */
export function hasGoalTable(session: Session): Promise<boolean> {
  return hasTables(session, [goalTable]);
}

/** Creates the tables for rollouts if they are missing. */
export function createRolloutTables(session: Session): Promise<void> {
  return createMissing(session, [...rolloutTables, goalTable], rolloutDdl);
}

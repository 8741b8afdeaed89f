import type { Session } from "../postgres/session.ts";
import { createMissing, hasTables } from "./create.ts";

/** In a database, by the name that the configuration gives it: two names may mean one database. */
const ddl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.rollouts (
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
)`;

const names = ["rollouts", "outcomes"];

/** True when the database has the tables that rollouts are kept in. */
export function hasControlTables(session: Session): Promise<boolean> {
  return hasTables(session, names);
}

/** Makes the tables that rollouts are kept in, if they are missing. */
export function createControlTables(session: Session): Promise<void> {
  return createMissing(session, names, ddl);
}

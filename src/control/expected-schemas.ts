import type { Session } from "../postgres/session.ts";
import { createMissing, hasTables } from "./create.ts";

const names = ["expected_schemas"];

/** `state` is a hash of everything that the content depends on. */
const ddl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.expected_schemas (
  service text NOT NULL,
  state text NOT NULL,
  content jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (service, state)
)`;

/** how many states of a service are kept, the newest. */
const kept = 20;

/**
 * Reads what schemas should contain, as replays of earlier runs found it.
 *
 * @param states which ones
 * @returns their contents by state
 */
export async function readExpectedSchemas<Content>(
  session: Session,
  states: readonly string[],
): Promise<Map<string, Content>> {
  if (!(await hasTables(session, names))) return new Map();
  const rows = await session.query<{ state: string; content: Content }>(
    "SELECT state, content FROM drizzle_fleet.expected_schemas WHERE state = ANY($1::text[])",
    [states],
  );
  return new Map(rows.map(({ state, content }) => [state, content]));
}

/** Records what a schema of a service should contain in a state, and deletes older ones. */
export async function saveExpectedSchema(
  session: Session,
  service: string,
  state: string,
  content: unknown,
): Promise<void> {
  await createMissing(session, names, ddl);
  await session.query(
    `INSERT INTO drizzle_fleet.expected_schemas (service, state, content) VALUES ($1, $2, $3::jsonb)
     ON CONFLICT (service, state) DO UPDATE SET content = excluded.content, made_at = pg_catalog.now()`,
    [service, state, JSON.stringify(content)],
  );
  await session.query(
    `DELETE FROM drizzle_fleet.expected_schemas WHERE service = $1 AND state NOT IN (
       SELECT state FROM drizzle_fleet.expected_schemas WHERE service = $1 ORDER BY made_at DESC LIMIT ${kept})`,
    [service],
  );
}

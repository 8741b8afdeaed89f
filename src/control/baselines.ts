import { and, eq, ne, type SQL, sql } from "drizzle-orm";
import type { BaselineResult } from "../core/baseline.ts";
import type { Session } from "../postgres/session.ts";
import { createMissing, hasTables } from "./create.ts";
import { baselines } from "./tables.ts";

const names = ["baselines"];

const ddl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.baselines (
  service text,
  history text,
  content jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (service, history)
)`;

/**
 * Reads a service's baseline from a database's control schema.
 *
 * @param history the digest of the history that the baseline must represent
 */
export async function readBaseline(
  session: Session,
  service: string,
  history: string,
): Promise<BaselineResult | undefined> {
  if (!(await hasTables(session, names))) return undefined;
  const [row] = await session.drizzle((db) =>
    db
      .select({ content: baselines.content })
      .from(baselines)
      .where(and(eq(baselines.service, service), eq(baselines.history, keyOf(history)))),
  );
  return row?.content;
}

/** Records a service's baseline and deletes older ones. */
export async function saveBaseline(
  session: Session,
  service: string,
  history: string,
  content: BaselineResult,
): Promise<void> {
  await createMissing(session, names, ddl);
  await session.drizzle((db) =>
    db
      .insert(baselines)
      .values({ service, history: keyOf(history), content })
      .onConflictDoUpdate({ target: [baselines.service, baselines.history], set: { content } }),
  );
  await session.drizzle((db) =>
    db
      .delete(baselines)
      .where(and(eq(baselines.service, service), ne(baselines.history, keyOf(history)))),
  );
}

/** A baseline is only valid for the server's major version, whose syntax it uses. */
function keyOf(history: string): SQL {
  return sql`${history}::text || ' ' || current_setting('server_version_num')::int / 10000`;
}

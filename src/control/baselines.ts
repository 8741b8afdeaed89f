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
 * The baseline that a database keeps of a service.
 *
 * @param history the digest of what it must be of
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

/** Keeps a service's newest baseline, and no older one. */
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

/** A baseline is written in the words of the server's version, and is good for no other. */
function keyOf(history: string): SQL {
  return sql`${history}::text || ' ' || current_setting('server_version_num')::int / 10000`;
}

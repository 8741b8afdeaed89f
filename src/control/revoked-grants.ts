import { and, eq } from "drizzle-orm";
import type { Grant } from "../postgres/privileges.ts";
import type { Session } from "../postgres/session.ts";
import { createMissing, hasTables } from "./create.ts";
import { closedSchemas } from "./tables.ts";

const names = ["closed_schemas"];

const ddl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.closed_schemas (
  tenant text REFERENCES drizzle_fleet.tenants ON UPDATE CASCADE ON DELETE CASCADE,
  database text,
  grants jsonb NOT NULL,
  PRIMARY KEY (tenant, database)
)`;

/**
 * Records grants on a tenant's schemas in one database before they are revoked. Grants that an interrupted attempt
 * recorded stay.
 */
export async function saveGrants(
  session: Session,
  tenant: string,
  database: string,
  grants: readonly Grant[],
): Promise<void> {
  await createMissing(session, names, ddl);
  const kept = await readGrants(session, tenant, database);
  const all = [...new Map([...kept, ...grants].map((one) => [JSON.stringify(one), one])).values()];
  await session.drizzle((db) =>
    db
      .insert(closedSchemas)
      .values({ tenant, database, grants: all })
      .onConflictDoUpdate({
        target: [closedSchemas.tenant, closedSchemas.database],
        set: { grants: all },
      }),
  );
}

/** Reads the recorded grants on a tenant's schemas in one database. */
export async function readGrants(
  session: Session,
  tenant: string,
  database: string,
): Promise<readonly Grant[]> {
  if (!(await hasTables(session, names))) return [];
  const [row] = await session.drizzle((db) =>
    db
      .select({ grants: closedSchemas.grants })
      .from(closedSchemas)
      .where(and(eq(closedSchemas.tenant, tenant), eq(closedSchemas.database, database))),
  );
  return row?.grants ?? [];
}

/** Deletes the recorded grants after they were restored. */
export async function deleteGrants(
  session: Session,
  tenant: string,
  database: string,
): Promise<void> {
  await session.drizzle((db) =>
    db
      .delete(closedSchemas)
      .where(and(eq(closedSchemas.tenant, tenant), eq(closedSchemas.database, database))),
  );
}

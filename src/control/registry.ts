import { and, asc, desc, eq, inArray, or, sql } from "drizzle-orm";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import { lockKey, tryLock } from "../postgres/lock.ts";
import { withRollback } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { createMissing, hasTables } from "./create.ts";
import { tenants } from "./tables.ts";

const names = ["tenants"];

const ddl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.tenants (
  id text PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('provisioning', 'copying', 'active', 'renaming', 'archived', 'removing')),
  database text,
  attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
  renamed_from text UNIQUE CHECK ((renamed_from IS NOT NULL) = (status = 'renaming')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
)`;

/**
 * Reads all tenants in a registry, by id.
 *
 * @returns an empty list if the database has no registry
 */
export async function readTenants(session: Session): Promise<TenantRecord[]> {
  if (!(await hasTables(session, names))) return [];
  return session.drizzle((db) => db.select().from(tenants).orderBy(asc(tenants.id)));
}

/**
 * Finds the tenant with an id, or the tenant that is being renamed from it and may still have schemas of that name.
 *
 * @returns undefined if there is none
 */
export async function findTenant(session: Session, id: string): Promise<TenantRecord | undefined> {
  if (!(await hasTables(session, names))) return undefined;
  const [record] = await session.drizzle((db) =>
    db
      .select()
      .from(tenants)
      .where(or(eq(tenants.id, id), eq(tenants.renamedFrom, id)))
      .orderBy(desc(eq(tenants.id, id))),
  );
  return record;
}

/** Registers a tenant. The registry is created if it is missing. An existing record stays unchanged. */
export async function registerTenant(
  session: Session,
  tenant: Pick<TenantRecord, "id" | "status" | "database" | "attributes">,
): Promise<void> {
  await createMissing(session, names, ddl);
  await session.drizzle((db) => db.insert(tenants).values(tenant).onConflictDoNothing());
}

/** The number of rows per statement: each has four parameters, and a statement can have at most 65,535. */
const rowsAtOnce = 1_000;

/**
 * Registers many tenants, all or none. Existing active ones get the given attributes and database; others stay
 * unchanged.
 *
 * @param forgotten ids of active tenants to remove from the registry
 */
export async function updateRegistry(
  session: Session,
  entered: readonly Pick<TenantRecord, "id" | "status" | "database" | "attributes">[],
  forgotten: readonly string[],
): Promise<void> {
  await createMissing(session, names, ddl);
  await withRollback(session, async () => {
    await session.script("BEGIN");
    for (let start = 0; start < entered.length; start += rowsAtOnce)
      await session.drizzle((db) =>
        db
          .insert(tenants)
          .values(entered.slice(start, start + rowsAtOnce))
          .onConflictDoUpdate({
            target: tenants.id,
            set: {
              database: sql`excluded.database`,
              attributes: sql`excluded.attributes`,
              updatedAt: sql`now()`,
            },
            setWhere: eq(tenants.status, "active"),
          }),
      );
    if (forgotten.length > 0)
      await session.drizzle((db) =>
        db
          .delete(tenants)
          .where(and(inArray(tenants.id, [...forgotten]), eq(tenants.status, "active"))),
      );
    await session.script("COMMIT");
  });
}

/**
 * Changes a tenant's status.
 *
 * @param from the statuses that it may have now
 * @returns false if it has none of them, or does not exist
 */
export async function changeStatus(
  session: Session,
  id: string,
  from: readonly TenantStatus[],
  to: TenantStatus,
): Promise<boolean> {
  if (!(await hasTables(session, names))) return false;
  const changed = await session.drizzle((db) =>
    db
      .update(tenants)
      .set({ status: to, updatedAt: sql`now()` })
      .where(and(eq(tenants.id, id), inArray(tenants.status, [...from])))
      .returning({ id: tenants.id }),
  );
  return changed.length === 1;
}

/**
 * Gives an active tenant its new id. Its status is `renaming` until `endRename`.
 *
 * @returns false if it is not active, or does not exist
 */
export function beginRename(session: Session, from: string, to: string): Promise<boolean> {
  return rename(session, from, "active", { id: to, status: "renaming", renamedFrom: from });
}

/** Ends a rename. The tenant keeps its new id, or returns to `back`, its old id. */
export function endRename(session: Session, id: string, back = id): Promise<boolean> {
  return rename(session, id, "renaming", { id: back, status: "active", renamedFrom: null });
}

async function rename(
  session: Session,
  id: string,
  status: TenantStatus,
  change: Pick<TenantRecord, "id" | "status" | "renamedFrom">,
): Promise<boolean> {
  const changed = await session.drizzle((db) =>
    db
      .update(tenants)
      .set({ ...change, updatedAt: sql`now()` })
      .where(and(eq(tenants.id, id), eq(tenants.status, status)))
      .returning({ id: tenants.id }),
  );
  return changed.length === 1;
}

/** Removes a tenant from the registry. */
export async function forgetTenant(session: Session, id: string): Promise<void> {
  await session.drizzle((db) => db.delete(tenants).where(eq(tenants.id, id)));
}

/**
 * Takes a tenant's lock until the session ends. Every command that changes a tenant as a whole needs it.
 *
 * @returns false if another session has it
 */
export function lockTenant(session: Session, id: string): Promise<boolean> {
  return tryLock(session, lockKey(`tenant ${id}`));
}

/**
 * Takes the lock for making a database's baselines until the session ends.
 *
 * @returns false if another session has it
 */
export function lockBaselines(session: Session, database: string): Promise<boolean> {
  return tryLock(session, lockKey(`baselines ${database}`));
}

import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { renameSchema } from "../dump/rename.ts";
import type { Context } from "../fleet/context.ts";
import { tenantError } from "../fleet/target-errors.ts";
import { lockTarget } from "../postgres/lock.ts";
import { withRollback } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { renameTenantRole } from "../postgres/tenant-roles.ts";
import { begin } from "../rollout/step-run.ts";
import { cancellable } from "../tenancy/copying.ts";
import { onboardingError } from "../tenancy/errors.ts";
import {
  existingTenantError,
  refuseExistingSchemas,
  registeredTenant,
} from "../tenancy/onboarding.ts";
import { withoutInterruption } from "../tenancy/saga.ts";
import { withRetries } from "../tenancy/targets.ts";
import {
  type LockedTenant,
  targetPairs,
  targetsFor,
  withBothTenantLocks,
} from "../tenancy/tenant-lock.ts";
import { inactiveTenantError } from "../tenants/records.ts";

/** The tenant to rename, and its new id. */
export interface RenameRequest {
  /** The current id. */
  readonly tenant: string;
  /** The new id. */
  readonly to: string;
}

type Pair = readonly [from: Target, to: Target];

/**
 * Renames an active tenant and its schemas, in one transaction per database. The tenant is `renaming` until all databases
 * are done. A failure is undone; if the command was killed, the same command continues it.
 *
 * @throws FleetError `tenant` if the tenant is not active, if the new id or one of its schemas exists, or if another command
 *   is working on either; `usage` for two equal ids; `refused` if a schema name cannot be changed everywhere;
 *   `onboarding` if the server refuses, with both errors if undoing fails too
 * @example
 * await renameTenant(context, { tenant: "acme", to: "acme_eu" });
 */
export function renameTenant(context: Context, { tenant, to }: RenameRequest): Promise<void> {
  return withBothTenantLocks(context, tenant, to, async (locked) => {
    const { beginRename, endRename, findTenant } = await import("../control/registry.ts");
    const { registry } = locked;
    const begun = await findTenant(registry, to);
    if (begun?.id === tenant && begun.renamedFrom === to) return undoRename(locked, begun);
    if (begun !== undefined && begun.renamedFrom !== tenant) throw existingTenantError(begun);
    const { database } = begun ?? (await registeredTenant({ ...locked, id: tenant }));
    if (begun === undefined) {
      await refuseExistingSchemas(locked, await targetsFor(locked, database));
      if (!(await beginRename(registry, tenant, to)))
        throw inactiveTenantError(await registeredTenant({ ...locked, id: tenant }));
    }
    try {
      await renameAll(locked, tenant, to, database);
    } catch (error) {
      const renaming = await registeredTenant(locked);
      await undoRename({ ...locked, context: withoutInterruption(context) }, renaming).catch(
        (another: unknown) => {
          throw incompleteRenameError(tenant, to, error, another);
        },
      );
      throw error;
    }
    await endRename(registry, to);
  });
}

/** Restores the previous names, including those that an earlier attempt changed. */
async function undoRename(
  locked: LockedTenant,
  { id, renamedFrom, database }: TenantRecord,
): Promise<void> {
  const { endRename } = await import("../control/registry.ts");
  const former = renamedFrom ?? id;
  await renameAll(locked, id, former, database);
  await endRename(locked.registry, id, former);
}

async function renameAll(
  locked: LockedTenant,
  from: string,
  to: string,
  database: string | null,
): Promise<void> {
  for (const pairs of byDatabase(await targetPairs(locked, from, to, database)))
    await renameTogether(locked, pairs);
}

function byDatabase(pairs: readonly Pair[]): Pair[][] {
  const databases = [...new Set(pairs.map(([{ database }]) => database))];
  return databases.map((name) => pairs.filter(([{ database }]) => database === name));
}

/** Renames the remaining schemas of one database, and the tenant role, in one transaction. */
async function renameTogether(locked: LockedTenant, pairs: readonly Pair[]): Promise<void> {
  const [pair] = pairs;
  if (pair === undefined) return;
  const [from, to] = pair;
  const { roles } = locked.context.config.fleet;
  await withRetries(locked, from, async () => {
    const session = await locked.sessionFor(from.database);
    await cancellable(locked.context, session, () =>
      inTransaction(locked, session, pairs, async () => {
        for (const one of pairs) await renameOne(session, one);
        if (roles === "per-tenant")
          await renameTenantRole(session, from.tenant ?? "", to.tenant ?? "");
      }),
    );
  });
}

async function inTransaction(
  { context }: LockedTenant,
  session: Session,
  pairs: readonly Pair[],
  use: () => Promise<void>,
): Promise<void> {
  const { lock, statement } = context.config.fleet.timeouts;
  await withRollback(session, async () => {
    await session.script(
      [
        begin,
        `SET LOCAL lock_timeout = ${lock}`,
        `SET LOCAL statement_timeout = ${statement}`,
        ...pairs.flat().map(({ schema }) => lockTarget(schema)),
      ].join(";\n"),
    );
    await use();
    await session.query("COMMIT");
  });
}

async function renameOne(session: Session, [from, to]: Pair): Promise<void> {
  const [found] = await session.query<{ old: boolean; new: boolean }>(
    `SELECT pg_catalog.to_regnamespace($1) IS NOT NULL AS old, pg_catalog.to_regnamespace($2) IS NOT NULL AS new`,
    [quoteIdentifier(from.schema), quoteIdentifier(to.schema)],
  );
  // The schema is already renamed, or the service was never migrated.
  if (found?.old !== true) return;
  if (found.new) throw existingSchemaError(to);
  await renameSchema(session, from.schema, to.schema);
}

function incompleteRenameError(
  tenant: string,
  to: string,
  reason: unknown,
  error: unknown,
): FleetError {
  return new FleetError("onboarding", `the rename of tenant ${tenant} to ${to} is incomplete`, {
    problems: [reason, error].map((one) => onboardingError(tenantError(to, one))),
    remedy: `To finish it, run: npx drizzle-fleet tenants rename ${tenant} ${to}. To undo it, run: npx drizzle-fleet tenants rename ${to} ${tenant}`,
    cause: reason,
  });
}

function existingSchemaError(target: Target): FleetError {
  return new FleetError("tenant", `schema ${target.schema} already exists`, {
    remedy: "Nothing was changed. Drop the schema, or choose another tenant id.",
  });
}

import { FleetError } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { copyStatements } from "../dump/rows/copy.ts";
import { setForRows } from "../dump/rows/stream.ts";
import { readStructure } from "../dump/structure.ts";
import type { Context } from "../fleet/context.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { Session } from "../postgres/session.ts";
import {
  type LockedSchema,
  makeCopy,
  makeSchema,
  tableLocks,
  withSchemaLocks,
} from "../tenancy/copying.ts";
import { registeredTenant } from "../tenancy/onboarding.ts";
import { refuseInterrupted } from "../tenancy/saga.ts";
import { type LockedTenant, targetPairs, withBothTenantLocks } from "../tenancy/tenant-lock.ts";
import { refuseIncomplete } from "../tenants/records.ts";

/** The tenant to clone, and the new tenant. */
export interface CloneRequest {
  /** The id of the existing tenant. */
  readonly tenant: string;
  /** The id of the new tenant. */
  readonly to: string;
  /** False: copy the structure and the ledger, but no rows. */
  readonly withData?: boolean;
  /** Attributes that replace or extend those of the existing tenant. */
  readonly attributes?: TenantRecord["attributes"];
}

/**
 * Creates a tenant as a copy of another one, in the same databases, with its ledgers. Each service is copied as of one
 * moment. Only the application gets access. If a step fails, everything is undone.
 *
 * @param observe receives an event when a step starts, ends, fails or is undone
 * @throws FleetError `tenant` if the existing tenant is incomplete or unknown, if the new one exists, or if a rollout or
 *   another command is working on either; `usage` for two equal ids; `refused` if the data cannot be copied exactly;
 *   `onboarding` if a step fails
 * @example
 * await cloneTenant(context, { tenant: "acme", to: "acme_staging", attributes: { plan: "test" } });
 */
export function cloneTenant(
  context: Context,
  { tenant, to, withData = true, attributes = {} }: CloneRequest,
  observe: OnboardingObserver = () => undefined,
): Promise<void> {
  return withBothTenantLocks(context, tenant, to, async (locked) => {
    const source = await registeredTenant({ ...locked, id: tenant });
    refuseIncomplete(source);
    const { database } = source;
    const copy = async () => {
      for (const [from, target] of await targetPairs(locked, tenant, to, database)) {
        refuseInterrupted(context);
        await withSchemaLocks(locked, [from], async ([source]) => {
          if (source !== undefined) await copySchema(locked, source, target, withData);
        });
      }
    };
    const all = { ...source.attributes, ...attributes };
    await makeCopy(
      locked,
      { tenant: to, attributes: all, ...(database === null ? {} : { database }) },
      copy,
      observe,
    );
  });
}

async function copySchema(
  locked: LockedTenant,
  source: LockedSchema,
  to: Target,
  withData: boolean,
): Promise<void> {
  const { target: from } = source;
  const locks = await tableLocks(locked, source, "ACCESS SHARE");
  await makeSchema(locked, to, locks, async (session, make) => {
    const structure = await readStructure(session, from.schema);
    await make(structure.preData);
    if (withData) {
      await refuseNames(session, from.schema);
      await setForRows(session, to.schema);
      await session.script(copyStatements(from.schema, to.schema, structure).join(";\n"));
    }
    await make(structure.postData);
    await session.query(
      `INSERT INTO ${ledgerOf(to.schema)} SELECT * FROM ${ledgerOf(from.schema)}`,
    );
    // The positions of sequences are not compared: other sessions can advance them during the copy.
    const { server, preData, postData } = structure;
    return { server, preData, postData };
  });
}

/**
 * Refuses columns with names of objects in arrays and domains (`regclass[]`), because a copy on the server would still name
 * the objects of the source. Export and import translate such columns.
 */
async function refuseNames(session: Session, schema: string): Promise<void> {
  const columns = await session.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_catalog.pg_attribute a
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     JOIN pg_catalog.pg_type e ON e.oid = CASE WHEN t.typbasetype <> 0 THEN t.typbasetype WHEN t.typelem <> 0 THEN t.typelem ELSE t.oid END
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
       AND (t.typname = 'regnamespace' OR e.oid <> t.oid AND e.typname ~ '^reg' AND e.typnamespace = 'pg_catalog'::regnamespace)`,
    [schema],
  );
  if (columns.length === 0) return;
  throw new FleetError(
    "refused",
    `${columns.map(({ name }) => name).join(", ")} can contain names of the tenant's own tables, which a clone cannot change`,
    {
      where: schema,
      remedy:
        "Export the tenant, then import the file under the new id. To export it, run: npx drizzle-fleet tenants export <tenant> <file>",
    },
  );
}

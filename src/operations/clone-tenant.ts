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

/** Which tenant is to be made from which. */
export interface CloneRequest {
  readonly tenant: string;
  /** The id of the new one. */
  readonly to: string;
  /** False: its tables are empty. */
  readonly withData?: boolean;
  /** What the new one has of its own; the rest is as the other has it. */
  readonly attributes?: TenantRecord["attributes"];
}

/**
 * Makes a tenant like another one, in the same databases, with its ledger: it either happens, or leaves nothing behind.
 * What each service keeps is copied as it is at one moment; grants that others have than the application are not.
 *
 * @throws FleetError `tenant` for one that cannot be copied or is there already; what a step throws, with everything
 *   undone
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
    // Sequences go on while they are copied.
    const { server, preData, postData } = structure;
    return { server, preData, postData };
  });
}

/** Names of tables within arrays and domains cannot be told from the source's: such columns go by export and import. */
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
    { where: schema, remedy: "Export the tenant, and import it under the new name." },
  );
}

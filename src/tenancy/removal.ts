import { FleetError, throwProblems } from "../core/errors.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { dropRoles } from "../fleet/roles.ts";
import { lockTarget } from "../postgres/lock.ts";
import { withRollback } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { inactiveTenantError } from "../tenants/records.ts";
import { revokeSchemaGrants } from "./grants.ts";
import { registeredTenant } from "./onboarding.ts";
import { forEachTarget, withRetries } from "./targets.ts";
import { type LockedTenant, targetsFor } from "./tenant-lock.ts";

/** Tables per transaction. Each table, index and key needs a lock, and the lock table of a server is limited. */
const tablesAtOnce = 20;

/**
 * Drops the schemas and the role of a tenant, a few tables at a time, then deletes it from the registry. Until then the
 * tenant is `removing`, and a killed command can be run again.
 *
 * @throws FleetError `tenant` if objects outside the tenant depend on it, before anything is dropped; `onboarding` if the
 *   server refuses, or if other objects depend on the tenant role
 */
export async function dropTenant(locked: LockedTenant): Promise<void> {
  const { changeStatus, forgetTenant } = await import("../control/registry.ts");
  const record = await registeredTenant(locked);
  if (record.status === "renaming") throw inactiveTenantError(record);
  const targets = await targetsFor(locked, record.database);
  await refuseDependents(locked, targets);
  await changeStatus(
    locked.registry,
    locked.id,
    ["provisioning", "copying", "active", "archived"],
    "removing",
  );
  await revokeSchemaGrants(locked, targets);
  await forEachTarget(locked, targets, async (session, target) => {
    while (await withRetries(locked, target, () => dropSome(session, locked, target)));
  });
  await dropRoles(locked, targets);
  await forgetTenant(locked.registry, locked.id);
}

/**
 * Makes sure that no object outside a tenant depends on objects in its schemas.
 *
 * @throws FleetError `tenant` with the dependent objects
 */
export async function refuseDependents(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  const problems: FleetError[] = [];
  await forEachTarget(locked, targets, async (session, { schema }) => {
    const outside = await dependents(session, schema);
    if (outside.length > 0) problems.push(dependentsError(schema, outside));
  });
  throwProblems(problems, "objects outside the tenant depend on it");
}

/** Drops some tables, or the schema if it has none; returns false after dropping the schema. */
async function dropSome(
  session: Session,
  { context }: LockedTenant,
  { schema }: Target,
): Promise<boolean> {
  const name = quoteLiteral(schema);
  const tables = await session.query<{ kind: string; name: string }>(
    `SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
       c.relname AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${name} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.oid DESC LIMIT ${tablesAtOnce}`,
  );
  const place = quoteIdentifier(schema);
  const drops =
    tables.length === 0
      ? [`DROP SCHEMA IF EXISTS ${place} CASCADE`]
      : tables.map(
          (one) => `DROP ${one.kind} IF EXISTS ${place}.${quoteIdentifier(one.name)} CASCADE`,
        );
  const { lock, statement } = context.config.fleet.timeouts;
  await withRollback(session, () =>
    session.script(
      [
        "BEGIN",
        `SET LOCAL lock_timeout = ${lock}`,
        `SET LOCAL statement_timeout = ${statement}`,
        "SET LOCAL client_min_messages = warning",
        lockTarget(schema),
        ...drops,
        "COMMIT",
      ].join(";\n"),
    ),
  );
  return tables.length > 0;
}

/** The objects outside a schema that depend on objects in it. Dropping the schema would drop or break them. */
async function dependents(session: Session, schema: string): Promise<string[]> {
  const rows = await session.query<{ described: string }>(
    `WITH inside AS (
       SELECT 'pg_class'::regclass AS class, c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace = to_regnamespace($1)
       UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_catalog.pg_type t WHERE t.typnamespace = to_regnamespace($1)
       UNION ALL SELECT 'pg_proc'::regclass, p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = to_regnamespace($1)
     ), dependent AS (
       SELECT DISTINCT d.classid, d.objid, CASE d.classid
         WHEN 'pg_class'::regclass THEN (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = d.objid)
         WHEN 'pg_type'::regclass THEN (SELECT typnamespace FROM pg_catalog.pg_type WHERE oid = d.objid)
         WHEN 'pg_proc'::regclass THEN (SELECT pronamespace FROM pg_catalog.pg_proc WHERE oid = d.objid)
         WHEN 'pg_constraint'::regclass THEN (SELECT connamespace FROM pg_catalog.pg_constraint WHERE oid = d.objid)
         WHEN 'pg_attrdef'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid WHERE a.oid = d.objid)
         WHEN 'pg_rewrite'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE r.oid = d.objid)
         WHEN 'pg_trigger'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid WHERE g.oid = d.objid)
         WHEN 'pg_policy'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid WHERE p.oid = d.objid)
       END AS namespace
       FROM pg_catalog.pg_depend d JOIN inside i ON d.refclassid = i.class AND d.refobjid = i.oid
     )
     SELECT pg_catalog.pg_describe_object(classid, objid, 0) || ' in ' || namespace::regnamespace::text AS described
     FROM dependent JOIN pg_catalog.pg_namespace n ON n.oid = namespace
     WHERE namespace <> to_regnamespace($1) AND n.nspname <> 'pg_toast' ORDER BY 1 LIMIT 10`,
    [quoteIdentifier(schema)],
  );
  return rows.map(({ described }) => described);
}

function dependentsError(schema: string, dependent: readonly string[]): FleetError {
  return new FleetError(
    "tenant",
    `objects outside the tenant depend on ${schema}: ${dependent.join("; ")}`,
    {
      remedy: "Nothing was dropped. If these objects are no longer needed, drop them first.",
    },
  );
}

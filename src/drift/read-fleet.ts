import { hashSchemas, readProperties, type SchemaObject } from "../catalog/properties.ts";
import type { LedgerEntry } from "../core/ledger.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import { findTenantRoles } from "../postgres/tenant-roles.ts";

/** How many schemas one query reads: a backend caches what it has read, some 0.3 MB for each schema. */
const batchSize = 300;

/** A target with the entries of its ledger. */
export interface RecordedTarget {
  readonly target: Target;
  readonly entries: readonly LedgerEntry[];
}

/** Targets of one service in one database, with equal ledgers and equal schemas. */
export interface EqualTargets {
  readonly service: string;
  readonly database: string;
  readonly entries: readonly LedgerEntry[];
  readonly targets: readonly Target[];
  readonly objects: readonly SchemaObject[];
}

/**
 * Reads the schemas of one database: a hash of each, and the objects of one schema for each hash.
 *
 * @param withSession gives a new session: a fresh one for each batch, because a backend keeps what it has read
 * @param perTenant true if every tenant has a role of its own
 */
export async function readEqualTargets(
  withSession: <Result>(use: (session: Session) => Promise<Result>) => Promise<Result>,
  recorded: readonly RecordedTarget[],
  perTenant: boolean,
): Promise<EqualTargets[]> {
  const groups = new Map<string, RecordedTarget[]>();
  for (let from = 0; from < recorded.length; from += batchSize) {
    const batch = recorded.slice(from, from + batchSize);
    const hashes = await withSession(async (session) =>
      hashSchemas(session, await schemasOf(session, batch, perTenant)),
    );
    for (const one of batch) {
      const { service, schema } = one.target;
      const hash = hashes.get(schema);
      // It was removed meanwhile.
      if (hash === undefined) continue;
      const key = JSON.stringify([
        service,
        one.entries.map(({ tag, checksum }) => [tag, checksum]),
        hash,
      ]);
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
  }
  const all = [...groups.values()];
  const found: EqualTargets[] = [];
  for (let from = 0; from < all.length; from += batchSize) {
    const batch = all.slice(from, from + batchSize);
    const first = batch.flatMap((group) => group.slice(0, 1));
    const objects = await withSession(async (session) =>
      readProperties(session, await schemasOf(session, first, perTenant)),
    );
    for (const group of batch) {
      const [one] = group;
      const own = one === undefined ? undefined : objects.get(one.target.schema);
      if (one === undefined || own === undefined) continue;
      const { service, database } = one.target;
      const targets = group.map(({ target }) => target);
      found.push({ service, database, entries: one.entries, targets, objects: own });
    }
  }
  return found;
}

async function schemasOf(
  session: Session,
  recorded: readonly RecordedTarget[],
  perTenant: boolean,
): Promise<{ schema: string; role: string | undefined }[]> {
  const tenants = perTenant ? recorded.flatMap(({ target }) => target.tenant ?? []) : [];
  const roles = tenants.length === 0 ? [] : await findTenantRoles(session, [...new Set(tenants)]);
  const roleOf = new Map(roles.map(({ tenant, name }) => [tenant, name]));
  return recorded.map(({ target: { schema, tenant } }) => ({
    schema,
    role: tenant === undefined ? undefined : roleOf.get(tenant),
  }));
}

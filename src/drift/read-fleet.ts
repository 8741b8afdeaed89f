import { hashSchemas, readProperties, type SchemaObject } from "../catalog/properties.ts";
import type { LedgerEntry } from "../core/ledger.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import { findTenantRoles } from "../postgres/tenant-roles.ts";

/** How many schemas one session reads: a backend caches what it has read, some 0.3 MB for each schema. */
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
  readonly hash: string;
  readonly objects: readonly SchemaObject[];
}

/** How to read the schemas of one database. */
export interface SchemaSource {
  /** Gives `use` a new session, which is closed afterwards. */
  readonly withSession: <Result>(use: (session: Session) => Promise<Result>) => Promise<Result>;
  /** True if every tenant has a role of its own. */
  readonly perTenant: boolean;
  /** The hashes of schemas that have not changed since they were read. */
  readonly knownHashes: ReadonlyMap<string, string>;
}

/** Reads the schemas of one database: a hash of each that is not known, and the objects of one schema for each hash. */
export async function readEqualTargets(
  source: SchemaSource,
  recorded: readonly RecordedTarget[],
): Promise<EqualTargets[]> {
  const hashes = new Map(source.knownHashes);
  const unknown = recorded.filter(({ target }) => !hashes.has(target.schema));
  await inBatches(source, unknown, async (session, schemas) => {
    for (const [schema, hash] of await hashSchemas(session, schemas)) hashes.set(schema, hash);
  });
  const groups = groupEqual(recorded, hashes);
  const firsts = groups.flatMap(({ members }) => members.slice(0, 1));
  const objects = new Map<string, SchemaObject[]>();
  await inBatches(source, firsts, async (session, schemas) => {
    for (const [schema, own] of await readProperties(session, schemas)) objects.set(schema, own);
  });
  return groups.flatMap(({ members, hash }) => {
    const [first] = members;
    const own = first === undefined ? undefined : objects.get(first.target.schema);
    // It was removed meanwhile.
    if (first === undefined || own === undefined) return [];
    const { service, database } = first.target;
    const targets = members.map(({ target }) => target);
    return { service, database, entries: first.entries, targets, hash, objects: own };
  });
}

/** Targets with equal ledgers and hashes. A target without a hash no longer exists. */
function groupEqual(
  recorded: readonly RecordedTarget[],
  hashes: ReadonlyMap<string, string>,
): { readonly members: RecordedTarget[]; readonly hash: string }[] {
  const groups = new Map<string, { readonly members: RecordedTarget[]; readonly hash: string }>();
  for (const one of recorded) {
    const hash = hashes.get(one.target.schema);
    if (hash === undefined) continue;
    const ledger = one.entries.map(({ tag, checksum }) => [tag, checksum]);
    const key = JSON.stringify([one.target.service, ledger, hash]);
    const group = groups.get(key) ?? { members: [], hash };
    group.members.push(one);
    groups.set(key, group);
  }
  return [...groups.values()];
}

type ReadBatch = (
  session: Session,
  schemas: readonly { readonly schema: string; readonly role: string | undefined }[],
) => Promise<void>;

async function inBatches(
  { withSession, perTenant }: SchemaSource,
  recorded: readonly RecordedTarget[],
  read: ReadBatch,
): Promise<void> {
  for (let from = 0; from < recorded.length; from += batchSize) {
    const batch = recorded.slice(from, from + batchSize);
    await withSession(async (session) => {
      const roles = perTenant ? await rolesOf(session, batch) : new Map<string, string>();
      const schemas = batch.map(({ target: { schema, tenant } }) => ({
        schema,
        role: tenant === undefined ? undefined : roles.get(tenant),
      }));
      await read(session, schemas);
    });
  }
}

async function rolesOf(
  session: Session,
  batch: readonly RecordedTarget[],
): Promise<Map<string, string>> {
  const tenants = [...new Set(batch.flatMap(({ target }) => target.tenant ?? []))];
  const roles = tenants.length === 0 ? [] : await findTenantRoles(session, tenants);
  return new Map(roles.map(({ tenant, name }) => [tenant, name]));
}

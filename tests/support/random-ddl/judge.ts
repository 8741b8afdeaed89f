import { readFingerprints } from "../../../src/catalog/fingerprints.ts";
import { hashSchemas, readProperties, type SchemaObject } from "../../../src/catalog/properties.ts";
import type { DriftDifference } from "../../../src/core/drift.ts";
import { withSession } from "../../../src/postgres/session.ts";
import type { TestDatabase } from "../database.ts";
import { differencesBetween } from "../differences.ts";
import type { PostgresServer } from "../postgres-server.ts";
import { entriesOf } from "./dump-entries.ts";

/** What pg_dump and drift say about a schema. */
export interface State {
  readonly entries: readonly string[];
  readonly objects: readonly SchemaObject[];
  readonly hash: string | undefined;
  readonly fingerprint: string | undefined;
}

/** Properties that drift compares and pg_dump does not write with --schema and --schema-only. */
const onlyInDrift: Readonly<Record<string, string>> = {
  populated: "pg_dump writes REFRESH MATERIALIZED VIEW among the data",
  publications: "pg_dump writes publications only without --schema",
};

/** Reads a schema with both. */
export async function readState(
  server: PostgresServer,
  { url }: TestDatabase,
  schema: string,
): Promise<State> {
  const dump = await server.dumpStructure(url, schema);
  return withSession({ name: "main", url }, { waitMs: 5_000 }, async (session) => ({
    entries: entriesOf(dump, schema),
    objects: (await readProperties(session, [{ schema }])).get(schema) ?? [],
    hash: (await hashSchemas(session, [{ schema }])).get(schema),
    fingerprint: (await readFingerprints(session, [schema])).get(schema),
  }));
}

/** How drift contradicts pg_dump about two states. */
export interface Contradiction {
  readonly what: string;
  readonly dump: readonly string[];
  readonly drift: readonly DriftDifference[];
}

/**
 * Compares two states with pg_dump and with drift.
 *
 * @param isSameSchema the states are those of one schema at two times
 * @returns undefined if both agree
 */
export function contradiction(
  before: State,
  after: State,
  isSameSchema: boolean,
): Contradiction | undefined {
  const dump = entriesBetween(before.entries, after.entries);
  const drift = differencesBetween(before.objects, after.objects);
  const comparable = drift.filter(isComparable);
  const found = (what: string) => ({ what, dump, drift });
  if (dump.length > 0 && comparable.length === 0) return found("drift misses it");
  if (dump.length === 0 && comparable.length > 0)
    return found("drift reports what pg_dump has not");
  if ((before.hash === after.hash) !== (drift.length === 0)) return found("the hashes are wrong");
  if (isSameSchema && drift.length > 0 && before.fingerprint === after.fingerprint)
    return found("the fingerprint is the same");
  return undefined;
}

function isComparable({ change, properties }: DriftDifference): boolean {
  return change !== "changed" || properties.some(({ property }) => !(property in onlyInDrift));
}

/** The entries that only one of two dumps has. */
function entriesBetween(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  const added = after.flatMap((entry) => {
    const index = left.indexOf(entry);
    if (index < 0) return [`+ ${entry}`];
    left.splice(index, 1);
    return [];
  });
  return [...left.map((entry) => `- ${entry}`), ...added];
}

import { keyParameters, keysInParameters, type ObjectKey, objectKey } from "./object-key.ts";
import type { SchemaReader } from "./schema-reader.ts";

/** The objects that other objects depend on, by the key of the dependent one. */
export type Dependencies = ReadonlyMap<ObjectKey, readonly ObjectKey[]>;

/** Reads the dependencies between objects. */
export async function readDependencies(
  { session }: SchemaReader,
  keys: ReadonlySet<ObjectKey>,
): Promise<Dependencies> {
  const rows = await session.query<{ of: string; oid: number; on: string; onOid: number }>(
    `SELECT DISTINCT d.classid::regclass::text AS of, d.objid AS oid, d.refclassid::regclass::text AS on, d.refobjid AS "onOid"
     FROM ${keysInParameters} w CROSS JOIN LATERAL (SELECT * FROM pg_depend d WHERE d.classid = w.catalog AND d.objid = w.oid OFFSET 0) d
     LEFT JOIN pg_sequence s ON d.classid = 'pg_class'::regclass AND s.seqrelid = d.objid
     WHERE d.refclassid <> 'pg_namespace'::regclass AND (s.seqrelid IS NULL OR d.refclassid <> 'pg_class'::regclass)
     ORDER BY 1, 2, 3, 4`,
    keyParameters(keys),
  );
  const dependencies = new Map<ObjectKey, ObjectKey[]>();
  for (const { of, oid, on, onOid } of rows) {
    const [from, to] = [objectKey(of, oid), objectKey(on, onOid)];
    if (!keys.has(to)) continue;
    const found = dependencies.get(from);
    if (found === undefined) dependencies.set(from, [to]);
    else found.push(to);
  }
  return dependencies;
}

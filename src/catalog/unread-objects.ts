import { keyParameters, keysInParameters, type ObjectKey } from "./object-key.ts";
import type { SchemaReader } from "./schema-reader.ts";

/**
 * Finds the schema's objects that no reader of this folder has read, and casts of its types.
 *
 * @param members the objects in the schema
 * @param read the objects that were read
 * @returns each as its kind and name, such as "operator class x"
 */
export async function readUnreadObjects(
  { session, schema }: SchemaReader,
  members: Iterable<ObjectKey>,
  read: ReadonlySet<ObjectKey>,
): Promise<string[]> {
  const types = [...read].flatMap((key) => (key.startsWith("pg_type:") ? key.slice(8) : []));
  const rows = await session.query<{ type: string; identity: string }>(
    `SELECT i.type, replace(i.identity, $3 || '.', '') AS identity
     FROM (SELECT * FROM ${keysInParameters} w UNION ALL SELECT 'pg_cast'::regclass, c.oid FROM pg_cast c
           WHERE (c.castsource = ANY($4::oid[]) OR c.casttarget = ANY($4::oid[])) AND NOT EXISTS (SELECT FROM pg_depend d
             WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')) w
     CROSS JOIN LATERAL pg_identify_object(w.catalog, w.oid, 0) i WHERE i.identity !~ '(^|\\.)_{0,3}__fleet' ORDER BY 1, 2`,
    [...keyParameters([...members].filter((key) => !read.has(key))), schema, types],
  );
  return rows.map(({ type, identity }) => `${type} ${identity}`);
}

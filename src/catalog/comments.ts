import { keyParameters, keysInParameters, type ObjectKey } from "./object-key.ts";
import type { SchemaReader } from "./schema-reader.ts";

/** A comment on an object, or on a part of one, such as a column. */
export interface Comment {
  readonly catalog: string;
  readonly oid: number;
  /** The kind of object, as `pg_identify_object` names it. */
  readonly type: string;
  readonly identity: string;
  readonly text: string;
}

export async function readComments(
  { session }: SchemaReader,
  keys: ReadonlySet<ObjectKey>,
): Promise<Comment[]> {
  return session.query<Comment>(
    `SELECT d.classoid::regclass::text AS catalog, d.objoid AS oid, i.type, i.identity, d.description AS text
     FROM ${keysInParameters} w CROSS JOIN LATERAL (SELECT * FROM pg_description d WHERE d.objoid = w.oid AND d.classoid = w.catalog OFFSET 0) d
     CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i ORDER BY d.classoid, d.objoid, d.objsubid`,
    keyParameters(keys),
  );
}

import type { SchemaReader } from "./schema-reader.ts";

/** A collation. `row` is its row of pg_collation, whose columns differ between versions. */
export interface Collation {
  readonly oid: number;
  readonly qualified: string;
  readonly row: Readonly<Record<string, string | boolean | null>>;
}

export async function readCollations({ session, oids }: SchemaReader): Promise<Collation[]> {
  return session.query<Collation>(
    `SELECT l.oid, l.oid::regcollation::text AS qualified, to_jsonb(l) AS row
     FROM pg_collation l WHERE l.oid = ANY($1::oid[]) ORDER BY l.oid`,
    [oids("pg_collation")],
  );
}

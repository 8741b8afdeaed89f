import type { SchemaReader } from "./schema-reader.ts";

export interface Operator {
  readonly oid: number;
  readonly qualified: string;
  readonly options: Readonly<Record<string, string | null>>;
}

export async function readOperators({ session, oids }: SchemaReader): Promise<Operator[]> {
  const other = (column: string) =>
    `(SELECT format('OPERATOR(%I.%s)', m.nspname, x.oprname) FROM pg_operator x JOIN pg_namespace m ON m.oid = x.oprnamespace WHERE x.oid = o.${column})`;
  return session.query<Operator>(
    `SELECT o.oid, format('%I.%s', n.nspname, o.oprname) AS qualified,
       json_build_object('FUNCTION', o.oprcode, 'LEFTARG', CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END,
         'RIGHTARG', format_type(o.oprright, NULL), 'COMMUTATOR', ${other("oprcom")}, 'NEGATOR', ${other("oprnegate")},
         'RESTRICT', nullif(o.oprrest::oid, 0)::regproc, 'JOIN', nullif(o.oprjoin::oid, 0)::regproc,
         'HASHES', CASE WHEN o.oprcanhash THEN '' END, 'MERGES', CASE WHEN o.oprcanmerge THEN '' END) AS options
     FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE o.oid = ANY($1::oid[]) AND o.oprcode::oid <> 0 ORDER BY o.oid`,
    [oids("pg_operator")],
  );
}

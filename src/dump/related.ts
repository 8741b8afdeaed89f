import { type Key, keyOf, type Source } from "./source.ts";

/** Splits keys into what a query takes: names of catalogs, and oids beside them. */
function columnsOf(keys: Iterable<Key>): [catalogs: string[], oids: string[]] {
  const pairs = [...keys].map((key) => key.split(":"));
  return [pairs.map(([catalog = ""]) => catalog), pairs.map(([, oid = ""]) => oid)];
}

const wanted = `(SELECT catalog::regclass::oid AS catalog, oid FROM unnest($1::text[], $2::oid[]) AS w (catalog, oid))`;

/** Reads what objects depend on, but for the system's own objects. */
export async function readDependencies(
  { session }: Source,
  keys: ReadonlySet<Key>,
): Promise<Map<Key, Key[]>> {
  const rows = await session.query<{ of: string; oid: number; on: string; onOid: number }>(
    `SELECT DISTINCT d.classid::regclass::text AS of, d.objid AS oid, d.refclassid::regclass::text AS on, d.refobjid AS "onOid"
     FROM ${wanted} w CROSS JOIN LATERAL (SELECT * FROM pg_depend d WHERE d.classid = w.catalog AND d.objid = w.oid OFFSET 0) d
     LEFT JOIN pg_sequence s ON d.classid = 'pg_class'::regclass AND s.seqrelid = d.objid
     WHERE d.refclassid <> 'pg_namespace'::regclass AND (s.seqrelid IS NULL OR d.refclassid <> 'pg_class'::regclass)
     ORDER BY 1, 2, 3, 4`,
    columnsOf(keys),
  );
  const dependencies = new Map<Key, Key[]>();
  for (const { of, oid, on, onOid } of rows) {
    const [from, to] = [keyOf(of, oid), keyOf(on, onOid)];
    if (!keys.has(to)) continue;
    const found = dependencies.get(from);
    if (found === undefined) dependencies.set(from, [to]);
    else found.push(to);
  }
  return dependencies;
}

export interface Comment {
  readonly catalog: string;
  readonly oid: number;
  readonly type: string;
  readonly identity: string;
  readonly text: string;
}

/** Reads what is said of objects and of their columns. */
export async function readComments(
  { session }: Source,
  keys: ReadonlySet<Key>,
): Promise<Comment[]> {
  return session.query<Comment>(
    `SELECT d.classoid::regclass::text AS catalog, d.objoid AS oid, i.type, i.identity, d.description AS text
     FROM ${wanted} w CROSS JOIN LATERAL (SELECT * FROM pg_description d WHERE d.objoid = w.oid AND d.classoid = w.catalog OFFSET 0) d
     CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i ORDER BY d.classoid, d.objoid, d.objsubid`,
    columnsOf(keys),
  );
}

/**
 * Names what is in the schema and has not been read, as in "operator class x"; also casts of its types.
 *
 * @param members what stands in the schema itself
 */
export async function readLeftovers(
  { session, schema }: Source,
  members: Iterable<Key>,
  keys: ReadonlySet<Key>,
): Promise<string[]> {
  const types = [...keys].flatMap((key) => (key.startsWith("pg_type:") ? key.slice(8) : []));
  const rows = await session.query<{ type: string; identity: string }>(
    `SELECT i.type, replace(i.identity, $3 || '.', '') AS identity
     FROM (SELECT * FROM ${wanted} w UNION ALL SELECT 'pg_cast'::regclass, c.oid FROM pg_cast c
           WHERE (c.castsource = ANY($4::oid[]) OR c.casttarget = ANY($4::oid[])) AND NOT EXISTS (SELECT FROM pg_depend d
             WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')) w
     CROSS JOIN LATERAL pg_identify_object(w.catalog, w.oid, 0) i WHERE i.identity !~ '(^|\\.)_{0,3}__fleet' ORDER BY 1, 2`,
    [...columnsOf([...members].filter((key) => !keys.has(key))), schema, types],
  );
  return rows.map(({ type, identity }) => `${type} ${identity}`);
}

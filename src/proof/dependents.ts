import { quoteIdentifier as quoted } from "../postgres/identifiers.ts";
import type { Session } from "../postgres/session.ts";

/** Something that stands in the way of a change, as SQL that takes it away and SQL that makes it again. */
export interface Dependent {
  readonly drop: string;
  readonly create: string;
}

/**
 * What compares or copies a column, directly or through views: with the server's own descriptions, which leave the
 * schema's name out while it is first on the search_path. Views are listed with what rests on them, the deepest first.
 */
const dependents = `
WITH RECURSIVE subject AS (
  SELECT a.attrelid AS relation, a.attnum AS number FROM pg_attribute a
  WHERE a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND a.attname = $3
),
views AS (
  SELECT r.ev_class AS view, 1 AS depth FROM subject s
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.relation AND d.refobjsubid = s.number
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  UNION ALL
  SELECT r.ev_class, v.depth + 1 FROM views v
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.view AND d.deptype = 'n'
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class <> v.view
  WHERE v.depth < 50
),
listed AS (SELECT view, max(depth) AS depth FROM views GROUP BY view),
direct AS (
  SELECT d.classid, d.objid FROM subject s JOIN pg_depend d
    ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.relation AND d.refobjsubid = s.number
)
SELECT 'policy' AS kind, p.polrelid::regclass::text AS of, p.polname::text AS name, NULL AS definition, 0 AS rank, p.oid
  FROM pg_policy p WHERE p.oid IN (SELECT objid FROM direct WHERE classid = 'pg_policy'::regclass)
UNION ALL SELECT 'trigger', t.tgrelid::regclass::text, t.tgname::text, pg_get_triggerdef(t.oid, true), 1, t.oid
  FROM pg_trigger t WHERE NOT t.tgisinternal AND t.oid IN (SELECT objid FROM direct WHERE classid = 'pg_trigger'::regclass)
UNION ALL SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, NULL, c.oid::regclass::text,
    concat('WITH (' || array_to_string(c.reloptions, ', ') || ') ', 'AS ' || rtrim(pg_get_viewdef(c.oid, true), ';')), 100 - l.depth, c.oid
  FROM listed l JOIN pg_class c ON c.oid = l.view
UNION ALL SELECT 'index', NULL, x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid, 0, true), 200, x.indexrelid
  FROM pg_index x WHERE x.indrelid IN (SELECT view FROM listed)
    OR (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL)
    AND x.indexrelid IN (SELECT objid FROM direct WHERE classid = 'pg_class'::regclass)
UNION ALL SELECT CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END, k.conrelid::regclass::text, k.conname::text,
    pg_get_constraintdef(k.oid, true), 300, k.oid
  FROM pg_constraint k WHERE k.contype IN ('c', 'f', 'x')
    AND k.oid IN (SELECT objid FROM direct WHERE classid = 'pg_constraint'::regclass)
UNION ALL SELECT 'generated column', a.attrelid::regclass::text, a.attname::text,
    format('%s%s GENERATED ALWAYS AS (%s) %s%s', format_type(a.atttypid, a.atttypmod), '', pg_get_expr(g.adbin, g.adrelid),
      CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END, CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), 400, g.oid
  FROM pg_attrdef g JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum
  WHERE a.attgenerated <> '' AND g.oid IN (SELECT objid FROM direct WHERE classid = 'pg_attrdef'::regclass)
ORDER BY rank, name`;

interface Row extends Record<string, unknown> {
  readonly kind: string;
  readonly of: string | null;
  readonly name: string;
  readonly definition: string | null;
  readonly oid: number;
}

/**
 * What has to go while a column gets another type, in the order in which it can go; what is first comes back last.
 *
 * @param session its search_path begins with the schema
 */
export async function dependentsOf(
  session: Session,
  schema: string,
  table: string,
  column: string,
): Promise<Dependent[]> {
  const rows = await session.query<Row>(dependents, [schema, table, column]);
  const unique = [...new Map(rows.map((row) => [`${row.kind} ${row.oid}`, row])).values()];
  const found: Dependent[] = [];
  for (const row of unique) found.push(await dependentIn(session, row));
  return found;
}

async function dependentIn(session: Session, row: Row): Promise<Dependent> {
  const { kind, of, name, definition } = row;
  if (kind === "policy") return policy(session, row);
  if (kind === "trigger")
    return { drop: `DROP TRIGGER ${quoted(name)} ON ${of}`, create: definition ?? "" };
  if (kind === "index") return { drop: `DROP INDEX ${name}`, create: definition ?? "" };
  if (kind.endsWith("view"))
    return {
      drop: `DROP ${kind.toUpperCase()} ${name}`,
      create: `CREATE ${kind.toUpperCase()} ${name} ${definition}`,
    };
  if (kind === "generated column")
    return {
      drop: `ALTER TABLE ${of} DROP COLUMN ${quoted(name)}`,
      create: `ALTER TABLE ${of} ADD COLUMN ${quoted(name)} ${definition}`,
    };
  return {
    drop: `ALTER TABLE ${of} DROP CONSTRAINT ${quoted(name)}`,
    create: `ALTER TABLE ${of} ADD CONSTRAINT ${quoted(name)} ${definition}`,
  };
}

const commands: Readonly<Record<string, string>> = {
  "*": "ALL",
  r: "SELECT",
  a: "INSERT",
  w: "UPDATE",
  d: "DELETE",
};

async function policy(session: Session, { oid, of, name }: Row): Promise<Dependent> {
  const [row] = await session.query<{
    permissive: boolean;
    command: string;
    roles: string[];
    using: string | null;
    check: string | null;
  }>(
    `SELECT polpermissive AS permissive, polcmd AS command, pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check,
      ARRAY(SELECT CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END FROM unnest(polroles) role) AS roles
     FROM pg_policy WHERE oid = $1`,
    [oid],
  );
  if (row === undefined) throw new Error(`policy ${name} is gone`);
  const clauses = [
    `CREATE POLICY ${quoted(name)} ON ${of} AS ${row.permissive ? "PERMISSIVE" : "RESTRICTIVE"}`,
    `FOR ${commands[row.command] ?? "ALL"} TO ${row.roles.join(", ")}`,
    ...(row.using === null ? [] : [`USING (${row.using})`]),
    ...(row.check === null ? [] : [`WITH CHECK (${row.check})`]),
  ];
  return { drop: `DROP POLICY ${quoted(name)} ON ${of}`, create: clauses.join(" ") };
}

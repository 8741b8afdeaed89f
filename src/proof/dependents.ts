import { quoteIdentifier as quoted } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";

/** An object that prevents a change, as the SQL that drops it and the SQL that creates it again. */
export interface Dependent {
  readonly drop: string;
  readonly create: string;
}

/** An object by its unquoted names. */
interface DependentObject extends Record<string, unknown> {
  readonly kind: string;
  /** The table of an object that belongs to one. */
  readonly table: string | null;
  readonly name: string;
}

/**
 * The objects that use a column, directly or through views, and the foreign keys that need a key. Views come after the
 * views that use them.
 */
const dependents = `
WITH RECURSIVE subject AS (
  SELECT 'pg_class'::regclass AS class, a.attrelid AS object, a.attnum::integer AS number FROM pg_attribute a
  WHERE a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND a.attname = $3
  UNION ALL SELECT 'pg_class'::regclass, k.conindid, 0 FROM pg_constraint k
  WHERE k.conrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND k.conname = $3 AND k.contype IN ('p', 'u')
),
direct AS (
  SELECT d.classid, d.objid FROM subject s JOIN pg_depend d ON d.refclassid = s.class AND d.refobjid = s.object AND d.refobjsubid = s.number
),
views AS (
  SELECT r.ev_class AS view, 1 AS depth FROM direct d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  UNION ALL
  SELECT r.ev_class, v.depth + 1 FROM views v
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.view AND d.deptype = 'n'
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class <> v.view
  WHERE v.depth < 50
),
listed AS (SELECT view, max(depth) AS depth FROM views GROUP BY view)
SELECT 'policy' AS kind, c.relname::text AS table, p.polname::text AS name, 0 AS rank
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.oid IN (SELECT objid FROM direct WHERE classid = 'pg_policy'::regclass)
UNION SELECT 'trigger', c.relname::text, t.tgname::text, 1
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND t.oid IN (SELECT objid FROM direct WHERE classid = 'pg_trigger'::regclass)
UNION SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, NULL, c.relname::text, 100 - l.depth
  FROM listed l JOIN pg_class c ON c.oid = l.view
UNION SELECT 'index', NULL, c.relname::text, 40
  FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid WHERE x.indrelid IN (SELECT view FROM listed)
    OR (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL)
    AND x.indexrelid IN (SELECT objid FROM direct WHERE classid = 'pg_class'::regclass)
UNION SELECT 'constraint', c.relname::text, k.conname::text, 300
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype IN ('c', 'f', 'x')
    AND k.oid IN (SELECT objid FROM direct WHERE classid = 'pg_constraint'::regclass)
UNION SELECT 'generated column', c.relname::text, a.attname::text, 400
  FROM pg_attrdef g JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum JOIN pg_class c ON c.oid = a.attrelid
  WHERE a.attgenerated <> '' AND g.oid IN (SELECT objid FROM direct WHERE classid = 'pg_attrdef'::regclass)
ORDER BY rank, name`;

/** The definitions of objects by kind, as the server writes them: without the schema that is first on the search_path. */
const definitions: Readonly<Record<string, string>> = {
  policy: `SELECT format('CREATE POLICY %I ON %I AS %s FOR %s TO %s', p.polname, $2::text,
      CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(p.polroles) role))
      || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
      || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') AS sql
    FROM pg_policy p WHERE p.polrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND p.polname = $3`,
  trigger: `SELECT pg_get_triggerdef(t.oid, true) AS sql FROM pg_trigger t
    WHERE t.tgrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND t.tgname = $3`,
  view: `SELECT concat(format('CREATE VIEW %I ', $3::text), 'WITH (' || array_to_string(c.reloptions, ', ') || ') ',
      'AS ' || rtrim(pg_get_viewdef(c.oid, true), ';')) AS sql
    FROM pg_class c WHERE c.oid = to_regclass(format('%I.%I', $1::text, $3::text)) AND $2::text IS NULL`,
  "materialized view": `SELECT concat(format('CREATE MATERIALIZED VIEW %I ', $3::text), 'WITH (' || array_to_string(c.reloptions, ', ') || ') ',
      'AS ' || rtrim(pg_get_viewdef(c.oid, true), ';')) AS sql
    FROM pg_class c WHERE c.oid = to_regclass(format('%I.%I', $1::text, $3::text)) AND $2::text IS NULL`,
  index: `SELECT pg_get_indexdef(x.indexrelid, 0, true) AS sql FROM pg_index x
    WHERE x.indexrelid = to_regclass(format('%I.%I', $1::text, $3::text)) AND $2::text IS NULL`,
  constraint: `SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', $2::text, k.conname, pg_get_constraintdef(k.oid, true)) AS sql
    FROM pg_constraint k WHERE k.conrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND k.conname = $3`,
  "generated column": `SELECT format('ALTER TABLE %I ADD COLUMN %I %s GENERATED ALWAYS AS (%s) %s%s', $2::text, a.attname,
      format_type(a.atttypid, a.atttypmod), pg_get_expr(g.adbin, g.adrelid),
      CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END, CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END) AS sql
    FROM pg_attrdef g JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum
    WHERE a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND a.attname = $3`,
};

/** A column, or a key. */
interface ChangedPart {
  readonly schema: string;
  readonly table: string;
  /** The name of the column or the key. */
  readonly name: string;
}

/**
 * The objects to drop before a column gets another type or a key is dropped, in an order in which they can be dropped. They
 * are created again in the opposite order.
 *
 * @param session its search_path begins with the schema
 * @param described a schema with the final structure: the objects that it contains are created again as they are there
 */
export async function dependentsOf(
  session: Session,
  { schema, table, name }: ChangedPart,
  described: string | undefined,
): Promise<Dependent[]> {
  const found = await session.query<DependentObject>(dependents, [schema, table, name]);
  const now = new Map<DependentObject, string>();
  for (const one of found) now.set(one, (await definitionOf(session, schema, one)) ?? "");
  const then = new Map<DependentObject, string>();
  if (described !== undefined && found.length > 0) {
    const path = await session.query<{ path: string }>(
      "SELECT current_setting('search_path') AS path, set_config('search_path', $1, false)",
      [quoted(described)],
    );
    for (const one of found) {
      const definition = await definitionOf(session, described, one);
      if (definition !== undefined) then.set(one, definition);
    }
    await session.query("SELECT set_config('search_path', $1, false)", [path[0]?.path]);
  }
  return found.map((one) => ({ drop: dropOf(one), create: then.get(one) ?? now.get(one) ?? "" }));
}

async function definitionOf(
  session: Session,
  schema: string,
  { kind, table, name }: DependentObject,
): Promise<string | undefined> {
  const [row] = await session.query<{ sql: string }>(definitions[kind] ?? "", [
    schema,
    table,
    name,
  ]);
  return row?.sql;
}

function dropOf({ kind, table, name }: DependentObject): string {
  const own = quoted(name);
  if (kind === "policy" || kind === "trigger")
    return `DROP ${kind.toUpperCase()} ${own} ON ${quoted(table ?? "")}`;
  if (table === null) return `DROP ${kind.toUpperCase()} ${own}`;
  const what = kind === "constraint" ? "CONSTRAINT" : "COLUMN";
  return `ALTER TABLE ${quoted(table)} DROP ${what} ${own}`;
}

import { quoteIdentifier } from "../core/quoting.ts";
import { escapeRegExp } from "../core/regexp.ts";

/**
 * PostgreSQL's own descriptions of a schema's objects. They omit the schema's name if only this schema is on the
 * search_path; `withoutSchema` removes it from the others. Do not read the view pg_sequences: it opens every sequence of
 * the database, and locks each until the transaction ends.
 */
const facts = `
WITH wanted AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = $1),
relations AS (SELECT c.* FROM pg_class c JOIN wanted n ON c.relnamespace = n.oid WHERE c.relname NOT LIKE '\\_\\_fleet%'),
types AS (SELECT t.* FROM pg_type t JOIN wanted n ON t.typnamespace = n.oid WHERE t.typname !~ '^_?__fleet'),
functions AS (SELECT p.*, n.nspname FROM pg_proc p JOIN wanted n ON p.pronamespace = n.oid WHERE p.proname NOT LIKE '\\_\\_fleet%')
SELECT format('relation %s %I rls=%s force=%s options=%s partition=%s of=%s', c.relkind, c.relname, c.relrowsecurity, c.relforcerowsecurity,
    c.reloptions, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid)) FROM relations c
UNION ALL SELECT format('inherits %s %s', i.inhrelid::regclass, i.inhparent::regclass) FROM pg_inherits i JOIN relations c ON c.oid = i.inhrelid
UNION ALL SELECT format('column %I.%I %s null=%s default=%s identity=%s generated=%s collation=%s', c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
    (SELECT collname FROM pg_collation l WHERE l.oid = a.attcollation))
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c')
UNION ALL SELECT format('constraint %s.%I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
  FROM pg_constraint k JOIN relations c ON c.oid = k.conrelid
UNION ALL SELECT format('domain constraint %s %I %s', format_type(t.oid, NULL), k.conname, pg_get_constraintdef(k.oid))
  FROM pg_constraint k JOIN types t ON t.oid = k.contypid
UNION ALL SELECT format('index %s %s valid=%s', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisvalid)
  FROM pg_index i JOIN relations c ON c.oid = i.indrelid
UNION ALL SELECT format('view %I %s', c.relname, pg_get_viewdef(c.oid)) FROM relations c WHERE c.relkind IN ('v', 'm')
UNION ALL SELECT format('rule %s', pg_get_ruledef(r.oid)) FROM pg_rewrite r JOIN relations c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL SELECT format('type %s %s %s base=%s default=%s', t.typtype, format_type(t.oid, NULL), t.typnotnull,
    format_type(t.typbasetype, t.typtypmod), t.typdefault) FROM types t
UNION ALL SELECT format('enum %I %s', t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder))
  FROM types t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
UNION ALL SELECT format('function %s(%s) %s %s volatile=%s strict=%s definer=%s config=%s cost=%s rows=%s sql=%s source=%s', p.proname,
    pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prokind, p.provolatile, p.proisstrict, p.prosecdef,
    ARRAY(SELECT CASE WHEN c LIKE 'search\\_path=%' THEN 'search_path=' || ltrim(replace(', ' || substr(c, 13) || ',', ', ' || quote_ident(p.nspname) || ',', ', $,'), ', ')
      ELSE c END FROM unnest(p.proconfig) c), p.procost,
    p.prorows, pg_get_function_sqlbody(p.oid), p.prosrc) FROM functions p
UNION ALL SELECT format('trigger %s enabled=%s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL SELECT format('policy %I.%I %s %s %s %s %s', p.tablename, p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check)
  FROM pg_policies p JOIN wanted n ON p.schemaname = n.nspname
UNION ALL SELECT format('sequence %s %s start=%s increment=%s min=%s max=%s cache=%s cycle=%s', coalesce((SELECT format('of %s.%I', d.refobjid::regclass, a.attname)
    FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')), quote_ident(c.relname)),
    format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
  FROM pg_sequence s JOIN relations c ON c.oid = s.seqrelid
UNION ALL SELECT format('statistics %s', pg_get_statisticsobjdef(s.oid)) FROM pg_statistic_ext s JOIN wanted n ON s.stxnamespace = n.oid
UNION ALL SELECT format('collation %s %s', l.collname, l.collprovider) FROM pg_collation l JOIN wanted n ON l.collnamespace = n.oid
UNION ALL SELECT format('operator %s %s %s', o.oid::regoperator, o.oprcode, o.oprrest) FROM pg_operator o JOIN wanted n ON o.oprnamespace = n.oid
UNION ALL SELECT format('text search %s', x.cfgname) FROM pg_ts_config x JOIN wanted n ON x.cfgnamespace = n.oid
UNION ALL SELECT format('grants %I %s', c.relname, (SELECT array_agg(format('%s:%s', CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE e.grantee::regrole::text END,
    e.privilege_type) ORDER BY 1) FROM aclexplode(c.relacl) e)) FROM relations c WHERE c.relacl IS NOT NULL
UNION ALL SELECT format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description) FROM pg_description d
  WHERE (d.classoid, d.objoid) IN (
    SELECT 'pg_class'::regclass, oid FROM relations UNION ALL SELECT 'pg_type'::regclass, oid FROM types
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM functions
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k JOIN wanted n ON k.connamespace = n.oid
    UNION ALL SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid
    UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN relations c ON c.oid = p.polrelid
    UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r JOIN relations c ON c.oid = r.ev_class
    UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s JOIN wanted n ON s.stxnamespace = n.oid)
`;

/** A session, or a test's connection. */
interface Queryable {
  query<Row extends Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
}

/**
 * Reads a schema's catalog: sorted lines that describe its objects, by which two schemas can be compared. They do not
 * contain the schema's name, the order of columns, or the ledger. Resets the session's search_path to the role's default.
 */
export async function catalogOf(database: Queryable, schema: string): Promise<string[]> {
  const quoted = quoteIdentifier(schema);
  await database.query(`SET search_path = ${quoted}`);
  const rows = await database.query<{ format: string }>(facts, [schema]);
  await database.query(`RESET search_path`);
  return rows.map(({ format }) => withoutSchema(format, schema, quoted)).sort();
}

/**
 * Removes the schema's name where it qualifies another name, and where it is a value as migrations receive it (see
 * `nameExpression`).
 */
function withoutSchema(fact: string, schema: string, quoted: string): string {
  const spellings = [quoted, ...(/^[a-z_][a-z0-9_]*$/.test(schema) ? [schema] : [])];
  const names = schema === "public" ? spellings : [...spellings, '"public"', "public"];
  const pattern = names.map(escapeRegExp).join("|");
  const value = `(?<=')(?:${pattern})(?='+(?:\\s*::\\s*regnamespace|, '+%'+, '+%%'+\\)))`;
  return fact
    .replace(new RegExp(`(?<![\\w".])(?:${pattern})\\s*\\.\\s*`, "g"), "")
    .replace(new RegExp(value, "g"), "schema");
}

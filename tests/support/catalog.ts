import type { TestDatabase } from "./database.ts";

/** PostgreSQL's own descriptions of all that a schema holds, with the schema's name replaced by `<schema>`. */
const facts = `
WITH wanted AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = $1),
relations AS (SELECT c.* FROM pg_class c JOIN wanted n ON c.relnamespace = n.oid WHERE c.relname NOT LIKE '\\_\\_fleet%')
SELECT format('relation %s %s rls=%s', c.relkind, c.relname, c.relrowsecurity) FROM relations c
UNION ALL SELECT format('column %s.%s %s null=%s default=%s identity=%s generated=%s', c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated)
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v', 'm')
UNION ALL SELECT format('constraint %s.%s %s', k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid))
  FROM pg_constraint k JOIN relations c ON c.oid = k.conrelid
UNION ALL SELECT format('index %s valid=%s', pg_get_indexdef(i.indexrelid), i.indisvalid)
  FROM pg_index i JOIN relations c ON c.oid = i.indrelid
UNION ALL SELECT format('view %s %s', c.relname, pg_get_viewdef(c.oid)) FROM relations c WHERE c.relkind IN ('v', 'm')
UNION ALL SELECT format('enum %s %s', t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder))
  FROM pg_type t JOIN wanted n ON t.typnamespace = n.oid JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
UNION ALL SELECT format('function %s', pg_get_functiondef(p.oid)) FROM pg_proc p JOIN wanted n ON p.pronamespace = n.oid
UNION ALL SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL SELECT format('policy %s.%s %s %s %s %s %s', p.tablename, p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check)
  FROM pg_policies p JOIN wanted n ON p.schemaname = n.nspname
UNION ALL SELECT format('sequence %s %s %s %s', s.sequencename, s.data_type, s.start_value, s.increment_by)
  FROM pg_sequences s JOIN wanted n ON s.schemaname = n.nspname
`;

/** What a schema is made of, as sorted lines that two schemas can be compared by. */
export async function catalogOf(database: TestDatabase, schema: string): Promise<string[]> {
  const rows = await database.query<{ format: string }>(facts, [schema]);
  const qualifier = new RegExp(`"?\\b${schema.replace(/[^\w]/g, "\\$&")}\\b"?`, "g");
  return rows.map(({ format }) => format.replace(qualifier, "<schema>")).sort();
}

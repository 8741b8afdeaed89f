import type { TestDatabase } from "../database.ts";

/** What a schema has, with quoted names. `definition` is the SQL that creates the same again. */
export interface Things {
  readonly schema: string;
  readonly tables: readonly { name: string; sequence: string | null }[];
  readonly columns: readonly {
    table: string;
    name: string;
    type: string;
    default: string | null;
    identity: string;
    isNotNull: boolean;
  }[];
  readonly constraints: readonly {
    table: string;
    name: string;
    type: string;
    definition: string;
  }[];
  readonly indexes: readonly { name: string; table: string; definition: string }[];
  readonly triggers: readonly { table: string; name: string; definition: string }[];
  readonly policies: readonly { table: string; name: string }[];
  readonly rules: readonly { table: string; name: string }[];
  readonly views: readonly { name: string; kind: string; column: string; definition: string }[];
  readonly functions: readonly { name: string; definition: string }[];
  readonly types: readonly { name: string; kind: string; label: string | null }[];
  readonly sequences: readonly { name: string }[];
  readonly statistics: readonly { name: string }[];
  readonly others: readonly { name: string; kind: string }[];
}

const own = (name: string) => `${name} NOT LIKE '\\_\\_fleet%'`;

/** Each query returns the things of schema $1, in an order that does not depend on oids. */
const queries: Readonly<Record<Exclude<keyof Things, "schema">, string>> = {
  tables: `SELECT quote_ident(relname) AS name, (SELECT quote_ident(s.relname) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
      WHERE d.refobjid = c.oid AND d.classid = 'pg_class'::regclass AND s.relkind = 'S' LIMIT 1) AS sequence
    FROM pg_class c WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND ${own("relname")} ORDER BY relname`,
  columns: `SELECT quote_ident(relname) AS "table", quote_ident(attname) AS name, format_type(atttypid, NULL) AS type,
      pg_get_expr(adbin, adrelid) AS "default", attidentity AS identity, attnotnull AS "isNotNull"
    FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
    WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND ${own("relname")} ORDER BY relname, attname`,
  constraints: `SELECT quote_ident(relname) AS "table", quote_ident(conname) AS name, contype AS type, pg_get_constraintdef(k.oid) AS definition
    FROM pg_class c JOIN pg_constraint k ON conrelid = c.oid WHERE relnamespace = $1::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')
    AND ${own("relname")} ORDER BY relname, conname`,
  indexes: `SELECT quote_ident(i.relname) AS name, quote_ident(c.relname) AS "table", pg_get_indexdef(i.oid) AS definition
    FROM pg_index x JOIN pg_class i ON i.oid = indexrelid JOIN pg_class c ON c.oid = indrelid
    WHERE c.relnamespace = $1::regnamespace AND ${own("c.relname")} AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid)
    ORDER BY i.relname`,
  triggers: `SELECT quote_ident(relname) AS "table", quote_ident(tgname) AS name, pg_get_triggerdef(t.oid) AS definition
    FROM pg_class c JOIN pg_trigger t ON tgrelid = c.oid WHERE relnamespace = $1::regnamespace AND NOT tgisinternal
    AND ${own("relname")} ORDER BY relname, tgname`,
  policies: `SELECT quote_ident(relname) AS "table", quote_ident(polname) AS name FROM pg_class c JOIN pg_policy ON polrelid = c.oid
    WHERE relnamespace = $1::regnamespace ORDER BY relname, polname`,
  rules: `SELECT quote_ident(relname) AS "table", quote_ident(rulename) AS name FROM pg_class c JOIN pg_rewrite ON ev_class = c.oid
    WHERE relnamespace = $1::regnamespace AND rulename <> '_RETURN' ORDER BY relname, rulename`,
  views: `SELECT quote_ident(relname) AS name, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END AS kind,
      (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1) AS column, pg_get_viewdef(c.oid) AS definition
    FROM pg_class c WHERE relnamespace = $1::regnamespace AND relkind IN ('v', 'm') ORDER BY relname`,
  functions: `SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || quote_ident(proname) || '(' || pg_get_function_identity_arguments(oid) || ')' AS name,
      pg_get_functiondef(oid) AS definition
    FROM pg_proc WHERE pronamespace = $1::regnamespace AND prokind IN ('f', 'p') AND ${own("proname")} ORDER BY 1`,
  types: `SELECT quote_ident(typname) AS name, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS kind,
      (SELECT min(enumlabel) FROM pg_enum WHERE enumtypid = t.oid) AS label
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid WHERE typnamespace = $1::regnamespace
    AND (typtype IN ('d', 'e') OR c.relkind = 'c') ORDER BY typname`,
  sequences: `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'S' ORDER BY relname`,
  statistics: `SELECT quote_ident(stxname) AS name FROM pg_statistic_ext WHERE stxnamespace = $1::regnamespace ORDER BY stxname`,
  others: `SELECT quote_ident(collname) AS name, 'COLLATION' AS kind FROM pg_collation WHERE collnamespace = $1::regnamespace
    UNION ALL SELECT quote_ident(cfgname), 'TEXT SEARCH CONFIGURATION' FROM pg_ts_config WHERE cfgnamespace = $1::regnamespace
    UNION ALL SELECT quote_ident(dictname), 'TEXT SEARCH DICTIONARY' FROM pg_ts_dict WHERE dictnamespace = $1::regnamespace ORDER BY 1`,
};

/** Reads what a schema has, for statements that change it. */
export async function readThings(database: TestDatabase, schema: string): Promise<Things> {
  const things: [kind: string, found: readonly object[]][] = [];
  for (const [kind, sql] of Object.entries(queries))
    things.push([kind, await database.query(sql, [schema])]);
  return { schema, ...Object.fromEntries(things) } as Things;
}

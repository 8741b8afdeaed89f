/**
 * Privileges as a map from role to privileges, without who granted them. `(owner)` and `(tenant)` stand for roles that have
 * other names elsewhere. A NULL means the same as the default privileges.
 *
 * @param kind the kind of object, as acldefault takes it
 * @param acl the column
 * @param owner the owner's oid
 */
function privileges(kind: string, acl: string, owner: string): string {
  return privilegesIn(`aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner})))`, owner);
}

function privilegesIn(exploded: string, owner: string): string {
  return `(SELECT jsonb_object_agg(grantee, granted) FROM (
    SELECT CASE WHEN e.grantee = 0 THEN 'PUBLIC' WHEN e.grantee = ${owner} THEN '(owner)'
        WHEN pg_get_userbyid(e.grantee) = o.tenant_role THEN '(tenant)' ELSE pg_get_userbyid(e.grantee) END AS grantee,
      string_agg(e.privilege_type || CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY e.privilege_type) AS granted
    FROM ${exploded} e GROUP BY 1) g)`;
}

function comment(catalog: string, oid: string, column = "0"): string {
  return `(SELECT d.description FROM pg_description d WHERE d.classoid = 'pg_catalog.${catalog}'::regclass AND d.objoid = ${oid} AND d.objsubid = ${column})`;
}

/** A SELECT of objects. Properties that are NULL are left out. */
function objects(
  kind: string,
  name: string,
  of: string,
  properties: Readonly<Record<string, string>>,
  from: string,
): string {
  const pairs = Object.entries(properties).map(([key, sql]) => `'${key}', ${sql}`);
  return `SELECT o.schema, ${kind} AS kind, ${name} AS name, ${of} AS of, jsonb_strip_nulls(jsonb_build_object(${pairs.join(", ")})) AS properties FROM ${from}`;
}

const owner = (column: string) => `pg_get_userbyid(${column})`;

/** True for an object that does not belong to an extension. */
const own = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

const tableOf = "quote_ident(o.relname)";
const partOf = (name: string) => `quote_ident(o.relname) || '.' || quote_ident(${name})`;

const relationKind = `CASE o.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
  WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' END`;

const relations = objects(
  relationKind,
  tableOf,
  "NULL",
  {
    owner: owner("o.relowner"),
    privileges: `CASE WHEN o.relkind = 'c' THEN NULL ELSE ${privileges("r", "o.relacl", "o.relowner")} END`,
    persistence: `CASE o.relpersistence WHEN 'u' THEN 'unlogged' WHEN 'p' THEN 'permanent' ELSE 'temporary' END`,
    "access method": `(SELECT a.amname FROM pg_am a WHERE a.oid = o.relam)`,
    "replica identity": `CASE WHEN o.relkind IN ('r', 'p') THEN CASE o.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index' END END`,
    "row level security": `o.relrowsecurity`,
    "forced row level security": `o.relforcerowsecurity`,
    options: `(SELECT string_agg(r, ', ' ORDER BY r) FROM unnest(o.reloptions) r)`,
    "partition bound": `pg_get_expr(o.relpartbound, o.oid)`,
    "partition key": `pg_get_partkeydef(o.oid)`,
    "typed as": `CASE WHEN o.reloftype <> 0 THEN format_type(o.reloftype, NULL) END`,
    "inherits from": `(SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = o.oid)`,
    populated: `CASE WHEN o.relkind = 'm' THEN o.relispopulated END`,
    definition: `CASE WHEN o.relkind IN ('v', 'm') THEN pg_get_viewdef(o.oid) END`,
    publications: `(SELECT string_agg(b.pubname || coalesce(' WHERE ' || pg_get_expr(pr.prqual, pr.prrelid), ''), ', ' ORDER BY b.pubname)
      FROM pg_publication_rel pr JOIN pg_publication b ON b.oid = pr.prpubid WHERE pr.prrelid = o.oid)`,
    comment: comment("pg_class", "o.oid"),
  },
  "rel o WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')",
);

const columns = objects(
  "'column'",
  partOf("a.attname"),
  tableOf,
  {
    type: `format_type(a.atttypid, a.atttypmod)`,
    "not null": `CASE WHEN o.relkind IN ('r', 'p', 'f') THEN a.attnotnull END`,
    "not null not valid": `(SELECT true FROM pg_constraint k WHERE k.conrelid = o.oid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum])`,
    default: `CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END`,
    generated: `CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END`,
    identity: `CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END`,
    collation: `(SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation)`,
    storage: `CASE WHEN a.attstorage <> t.typstorage AND o.relkind IN ('r', 'p', 'm') THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END`,
    compression: `CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END`,
    statistics: `CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END`,
    options: `(SELECT string_agg(r, ', ' ORDER BY r) FROM unnest(a.attoptions) r)`,
    privileges: `CASE WHEN a.attacl IS NOT NULL THEN ${privilegesIn("aclexplode(a.attacl)", "o.relowner")} END`,
    comment: comment("pg_class", "o.oid", "a.attnum"),
  },
  `rel o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
   LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')`,
);

/** NOT NULL constraints have names since PostgreSQL 18, which differ after a dump: the column has the fact. */
const constraints = objects(
  "'constraint'",
  partOf("k.conname"),
  tableOf,
  {
    definition: `regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')`,
    validated: `k.convalidated`,
    "index valid": `i.indisvalid OR o.relkind = 'p'`,
    clustered: `nullif(i.indisclustered, false)`,
    "replica identity": `nullif(i.indisreplident, false)`,
    comment: comment("pg_constraint", "k.oid"),
  },
  `rel o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
   LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND i.indrelid = o.oid AND k.contype IN ('p', 'u', 'x')`,
);

const domainConstraints = objects(
  "'constraint'",
  `quote_ident(o.typname) || '.' || quote_ident(k.conname)`,
  "quote_ident(o.typname)",
  {
    definition: `regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')`,
    validated: `k.convalidated`,
    comment: comment("pg_constraint", "k.oid"),
  },
  "typ o JOIN pg_constraint k ON k.contypid = o.oid AND k.contype = 'c'",
);

const indexes = objects(
  "'index'",
  "quote_ident(x.relname)",
  tableOf,
  {
    definition: `pg_get_indexdef(i.indexrelid)`,
    valid: `CASE WHEN x.relkind = 'i' THEN i.indisvalid END`,
    ready: `nullif(i.indisready, true)`,
    clustered: `nullif(i.indisclustered, false)`,
    "replica identity": `nullif(i.indisreplident, false)`,
    statistics: `(SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0)`,
    comment: comment("pg_class", "x.oid"),
  },
  `rel o JOIN pg_index i ON i.indrelid = o.oid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = o.oid AND k.contype IN ('p', 'u', 'x'))`,
);

const enabled = (column: string) =>
  `CASE ${column} WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END`;

const triggers = objects(
  "'trigger'",
  partOf("t.tgname"),
  tableOf,
  {
    definition: `pg_get_triggerdef(t.oid)`,
    enabled: enabled("t.tgenabled"),
    comment: comment("pg_trigger", "t.oid"),
  },
  "rel o JOIN pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal",
);

const rules = objects(
  "'rule'",
  partOf("r.rulename"),
  tableOf,
  {
    definition: `pg_get_ruledef(r.oid)`,
    enabled: enabled("r.ev_enabled"),
    comment: comment("pg_rewrite", "r.oid"),
  },
  "rel o JOIN pg_rewrite r ON r.ev_class = o.oid AND r.rulename <> '_RETURN'",
);

const policies = objects(
  "'policy'",
  partOf("p.polname"),
  tableOf,
  {
    command: `CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END`,
    permissive: `p.polpermissive`,
    roles: `(SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' WHEN pg_get_userbyid(r) = o.tenant_role THEN '(tenant)' ELSE pg_get_userbyid(r) END, ', ' ORDER BY r) FROM unnest(p.polroles) r)`,
    using: `pg_get_expr(p.polqual, p.polrelid)`,
    "with check": `pg_get_expr(p.polwithcheck, p.polrelid)`,
    comment: comment("pg_policy", "p.oid"),
  },
  "rel o JOIN pg_policy p ON p.polrelid = o.oid",
);

const routines = objects(
  `CASE o.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END`,
  `quote_ident(o.proname) || '(' || pg_get_function_identity_arguments(o.oid) || ')'`,
  "NULL",
  {
    arguments: `pg_get_function_arguments(o.oid)`,
    result: `pg_get_function_result(o.oid)`,
    language: `(SELECT l.lanname FROM pg_language l WHERE l.oid = o.prolang)`,
    window: `CASE WHEN o.prokind = 'w' THEN true END`,
    volatility: `CASE o.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END`,
    strict: `o.proisstrict`,
    "security definer": `o.prosecdef`,
    leakproof: `o.proleakproof`,
    parallel: `CASE o.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END`,
    settings: `(SELECT string_agg(replace(c, quote_ident(o.schema), '{schema}'), ', ' ORDER BY c) FROM unnest(o.proconfig) c)`,
    cost: `o.procost`,
    rows: `o.prorows`,
    support: `CASE WHEN o.prosupport <> 0 THEN o.prosupport::regproc::text END`,
    body: `o.prosrc`,
    "sql body": `pg_get_function_sqlbody(o.oid)`,
    aggregate: `(SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, format_type(g.aggtranstype, NULL), g.agginitval, g.aggkind) FROM pg_aggregate g WHERE g.aggfnoid = o.oid)`,
    owner: owner("o.proowner"),
    privileges: privileges("f", "o.proacl", "o.proowner"),
    comment: comment("pg_proc", "o.oid"),
  },
  "fun o",
);

const types = objects(
  `CASE o.typtype WHEN 'd' THEN 'domain' ELSE 'type' END`,
  "quote_ident(o.typname)",
  "NULL",
  {
    labels: `(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = o.oid)`,
    base: `CASE WHEN o.typtype = 'd' THEN format_type(o.typbasetype, o.typtypmod) END`,
    "not null": `CASE WHEN o.typtype = 'd' THEN o.typnotnull END`,
    default: `o.typdefault`,
    collation: `(SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = o.typcollation AND o.typtype = 'd')`,
    range: `(SELECT concat_ws(' ', format_type(r.rngsubtype, NULL), nullif(r.rngcanonical, 0)::regproc, nullif(r.rngsubdiff, 0)::regproc) FROM pg_range r WHERE r.rngtypid = o.oid)`,
    owner: owner("o.typowner"),
    privileges: privileges("T", "o.typacl", "o.typowner"),
    comment: comment("pg_type", "o.oid"),
  },
  "typ o",
);

/** A property of a sequence that follows the table, if a column owns the sequence. */
const free = (sql: string) =>
  `CASE WHEN NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid
    AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) THEN ${sql} END`;

const sequences = objects(
  "'sequence'",
  tableOf,
  `(SELECT quote_ident(t.relname) FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass
    AND d.objid = o.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')`,
  {
    type: `format_type(s.seqtypid, NULL)`,
    start: `s.seqstart`,
    increment: `s.seqincrement`,
    minimum: `s.seqmin`,
    maximum: `s.seqmax`,
    cache: `s.seqcache`,
    cycle: `s.seqcycle`,
    persistence: free(`CASE o.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END`),
    "owned by": `(SELECT quote_ident(t.relname) || '.' || quote_ident(a.attname) FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))`,
    owner: free(owner("o.relowner")),
    privileges: privileges("s", "o.relacl", "o.relowner"),
    comment: comment("pg_class", "o.oid"),
  },
  "rel o JOIN pg_sequence s ON s.seqrelid = o.oid",
);

const statistics = objects(
  "'statistics object'",
  "quote_ident(x.stxname)",
  "(SELECT quote_ident(t.relname) FROM pg_class t WHERE t.oid = x.stxrelid)",
  {
    definition: `pg_get_statisticsobjdef(x.oid)`,
    target: `CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END`,
    owner: owner("x.stxowner"),
    comment: comment("pg_statistic_ext", "x.oid"),
  },
  `wanted o JOIN pg_statistic_ext x ON x.stxnamespace = o.oid WHERE ${own("pg_statistic_ext", "x.oid")}`,
);

const collations = objects(
  "'collation'",
  "quote_ident(l.collname)",
  "NULL",
  {
    provider: `l.collprovider::text`,
    locale: `coalesce(l.collcollate, '')`,
    deterministic: `l.collisdeterministic`,
    owner: owner("l.collowner"),
    comment: comment("pg_collation", "l.oid"),
  },
  `wanted o JOIN pg_collation l ON l.collnamespace = o.oid WHERE ${own("pg_collation", "l.oid")}`,
);

const operators = objects(
  "'operator'",
  `p.oprname || ' (' || CASE WHEN p.oprleft = 0 THEN 'NONE' ELSE format_type(p.oprleft, NULL) END || ', ' || format_type(p.oprright, NULL) || ')'`,
  "NULL",
  {
    function: `p.oprcode::text`,
    restrict: `nullif(p.oprrest, 0)::regproc::text`,
    join: `nullif(p.oprjoin, 0)::regproc::text`,
    hashes: `p.oprcanhash`,
    merges: `p.oprcanmerge`,
    owner: owner("p.oprowner"),
    comment: comment("pg_operator", "p.oid"),
  },
  `wanted o JOIN pg_operator p ON p.oprnamespace = o.oid WHERE ${own("pg_operator", "p.oid")}`,
);

const textSearch = objects(
  "'text search configuration'",
  "quote_ident(c.cfgname)",
  "NULL",
  {
    mapping: `(SELECT string_agg(m.maptokentype || ': ' || m.mapdict::regdictionary, ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)`,
    owner: owner("c.cfgowner"),
    comment: comment("pg_ts_config", "c.oid"),
  },
  `wanted o JOIN pg_ts_config c ON c.cfgnamespace = o.oid WHERE ${own("pg_ts_config", "c.oid")}`,
);

const dictionaries = objects(
  "'text search dictionary'",
  "quote_ident(c.dictname)",
  "NULL",
  {
    options: `c.dictinitoption`,
    template: `(SELECT t.tmplname FROM pg_ts_template t WHERE t.oid = c.dicttemplate)`,
    owner: owner("c.dictowner"),
    comment: comment("pg_ts_dict", "c.oid"),
  },
  `wanted o JOIN pg_ts_dict c ON c.dictnamespace = o.oid WHERE ${own("pg_ts_dict", "c.oid")}`,
);

const schemas = objects(
  "'schema'",
  "''",
  "NULL",
  {
    owner: owner("o.nspowner"),
    privileges: privileges("n", "o.nspacl", "o.nspowner"),
    publications: `(SELECT string_agg(b.pubname, ', ' ORDER BY b.pubname) FROM pg_publication_namespace pn JOIN pg_publication b ON b.oid = pn.pnpubid WHERE pn.pnnspid = o.oid)`,
    comment: comment("pg_namespace", "o.oid"),
  },
  "wanted o",
);

const defaultPrivileges = objects(
  "'default privileges'",
  `CASE x.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE 'others' END
   || ' of ' || CASE WHEN x.defaclrole = o.nspowner THEN '(owner)' ELSE pg_get_userbyid(x.defaclrole) END`,
  "NULL",
  { privileges: privilegesIn("aclexplode(x.defaclacl)", "x.defaclrole") },
  "wanted o JOIN pg_default_acl x ON x.defaclnamespace = o.oid",
);

/**
 * The query of `readProperties`: every object of the schemas $1, with their tenant roles $2, except the ledger's and those of
 * extensions.
 */
export const propertiesQuery = `
WITH wanted AS MATERIALIZED (SELECT n.oid, n.nspname AS schema, n.nspowner, n.nspacl, w.tenant_role
  FROM unnest($1::text[], $2::text[]) AS w (schema, tenant_role) JOIN pg_namespace n ON n.nspname = w.schema),
rel AS MATERIALIZED (SELECT c.*, w.schema, w.tenant_role FROM pg_class c JOIN wanted w ON w.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S') AND c.relname NOT LIKE '\\_\\_fleet%' AND ${own("pg_class", "c.oid")}),
typ AS MATERIALIZED (SELECT t.*, w.schema, w.tenant_role FROM pg_type t JOIN wanted w ON w.oid = t.typnamespace
  WHERE t.typtype IN ('d', 'e', 'r', 'b') AND t.typelem = 0 AND t.typname !~ '^_{0,2}__fleet' AND ${own("pg_type", "t.oid")}),
fun AS MATERIALIZED (SELECT p.*, w.schema, w.tenant_role FROM pg_proc p JOIN wanted w ON w.oid = p.pronamespace
  WHERE p.proname NOT LIKE '\\_\\_fleet%' AND ${own("pg_proc", "p.oid")} AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i'))
${[
  ...[schemas, relations, columns, constraints, domainConstraints, indexes, triggers, rules],
  ...[policies, routines, types, sequences, statistics, collations, operators, textSearch],
  ...[dictionaries, defaultPrivileges],
].join("\nUNION ALL\n")}`;

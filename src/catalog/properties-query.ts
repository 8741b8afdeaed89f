import { comment, objects, own, owner, privileges, privilegesIn, tableOf } from "./property-sql.ts";
import { tableSelects } from "./table-properties.ts";

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
    settings: `(SELECT string_agg(CASE WHEN c LIKE 'search\\_path=%' THEN 'search_path=' || trim(replace(', ' || substr(c, 13) || ',', ', ' || quote_ident(o.schema) || ',', ', {schema},'), ', ') ELSE c END, ', ' ORDER BY c) FROM unnest(o.proconfig) c)`,
    cost: `o.procost`,
    rows: `o.prorows`,
    support: `CASE WHEN o.prosupport <> 0 THEN o.prosupport::regproc::text END`,
    body: `o.prosrc`,
    "sql body": `pg_get_function_sqlbody(o.oid)`,
    aggregate: `(SELECT concat_ws(' ', g.aggkind, g.aggnumdirectargs, g.aggtransfn, format_type(g.aggtranstype, NULL), g.aggtransspace, g.aggfinalfn,
      g.aggfinalextra, g.aggfinalmodify, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.agginitval, nullif(g.aggsortop, 0)::regoperator,
      nullif(g.aggmtransfn, 0), g.aggminvtransfn, g.aggmfinalfn, g.aggmfinalextra, g.aggmfinalmodify,
      CASE WHEN g.aggmtranstype <> 0 THEN format_type(g.aggmtranstype, NULL) END, g.aggmtransspace, g.aggminitval) FROM pg_aggregate g WHERE g.aggfnoid = o.oid)`,
    owner: owner("o.proowner"),
    privileges: privileges("f", "o.proacl", "o.proowner"),
    comment: comment("pg_proc", "o.oid"),
  },
  "fun o",
  ["pg_proc", "o.oid"],
);

const types = objects(
  `CASE o.typtype WHEN 'd' THEN 'domain' ELSE 'type' END`,
  "quote_ident(o.typname)",
  "NULL",
  {
    labels: `(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = o.oid)`,
    base: `CASE WHEN o.typtype = 'd' THEN format_type(o.typbasetype, o.typtypmod) END`,
    "not null": `CASE WHEN o.typtype = 'd' THEN o.typnotnull END`,
    // The text of a default depends on the search_path with which it was set.
    default: `coalesce(pg_get_expr(o.typdefaultbin, 'pg_type'::regclass), o.typdefault)`,
    collation: `(SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = o.typcollation AND o.typtype = 'd')`,
    range: `(SELECT concat_ws(' ', format_type(r.rngsubtype, NULL), r.rngmultitypid::regtype, nullif(r.rngcollation, 0)::regcollation,
      (SELECT c.opcname FROM pg_opclass c WHERE c.oid = r.rngsubopc), nullif(r.rngcanonical, 0)::regproc, nullif(r.rngsubdiff, 0)::regproc) FROM pg_range r WHERE r.rngtypid = o.oid)`,
    owner: owner("o.typowner"),
    privileges: privileges("T", "o.typacl", "o.typowner"),
    comment: comment("pg_type", "o.oid"),
  },
  "typ o",
  ["pg_type", "o.oid"],
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
    start: `s.seqstart::text`,
    increment: `s.seqincrement::text`,
    minimum: `s.seqmin::text`,
    maximum: `s.seqmax::text`,
    cache: `s.seqcache::text`,
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
  ["pg_class", "o.oid"],
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
  ["pg_statistic_ext", "x.oid"],
);

const collations = objects(
  "'collation'",
  "quote_ident(l.collname)",
  "NULL",
  {
    provider: `l.collprovider::text`,
    // The columns of the locale differ between versions of PostgreSQL.
    locale: `(SELECT string_agg(j.value, ' ' ORDER BY j.key) FROM jsonb_each_text(to_jsonb(l)) j
      WHERE j.key IN ('collcollate', 'collctype', 'colliculocale', 'colllocale', 'collicurules'))`,
    deterministic: `l.collisdeterministic`,
    owner: owner("l.collowner"),
    comment: comment("pg_collation", "l.oid"),
  },
  `wanted o JOIN pg_collation l ON l.collnamespace = o.oid WHERE ${own("pg_collation", "l.oid")}`,
  ["pg_collation", "l.oid"],
);

const operators = objects(
  "'operator'",
  `p.oprname || ' (' || CASE WHEN p.oprleft = 0 THEN 'NONE' ELSE format_type(p.oprleft, NULL) END || ', ' || format_type(p.oprright, NULL) || ')'`,
  "NULL",
  {
    function: `p.oprcode::text`,
    restrict: `nullif(p.oprrest, 0)::regproc::text`,
    join: `nullif(p.oprjoin, 0)::regproc::text`,
    commutator: `nullif(p.oprcom, 0)::regoperator::text`,
    negator: `nullif(p.oprnegate, 0)::regoperator::text`,
    hashes: `p.oprcanhash`,
    merges: `p.oprcanmerge`,
    owner: owner("p.oprowner"),
    comment: comment("pg_operator", "p.oid"),
  },
  `wanted o JOIN pg_operator p ON p.oprnamespace = o.oid WHERE ${own("pg_operator", "p.oid")}`,
  ["pg_operator", "p.oid"],
);

const textSearch = objects(
  "'text search configuration'",
  "quote_ident(c.cfgname)",
  "NULL",
  {
    parser: `(SELECT r.prsname FROM pg_ts_parser r WHERE r.oid = c.cfgparser)`,
    mapping: `(SELECT string_agg(m.maptokentype || ': ' || m.mapdict::regdictionary, ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)`,
    owner: owner("c.cfgowner"),
    comment: comment("pg_ts_config", "c.oid"),
  },
  `wanted o JOIN pg_ts_config c ON c.cfgnamespace = o.oid WHERE ${own("pg_ts_config", "c.oid")}`,
  ["pg_ts_config", "c.oid"],
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
  ["pg_ts_dict", "c.oid"],
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
  ["pg_namespace", "o.oid"],
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
${[schemas, ...tableSelects, routines, types, sequences, statistics, collations, operators, textSearch, dictionaries, defaultPrivileges].join("\nUNION ALL\n")}`;

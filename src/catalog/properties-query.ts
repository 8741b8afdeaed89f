import { operatorSelects } from "./operator-properties.ts";
import {
  comment,
  objects,
  optionalFunction,
  own,
  owner,
  privileges,
  privilegesIn,
  remarks,
  tableOf,
} from "./property-sql.ts";
import { searchSelects } from "./search-properties.ts";
import { tableSelects } from "./table-properties.ts";
import { typeSelects } from "./type-properties.ts";

const signature = `quote_ident(o.proname) || '(' || pg_get_function_identity_arguments(o.oid) || ')'`;

/** The settings of a function, with a gap for the schema's name where it is on the search_path. */
const settings = `(SELECT string_agg(CASE WHEN c LIKE 'search\\_path=%' THEN 'search_path=' || trim(BOTH ', ' FROM
    replace(', ' || substr(c, 13) || ',', ', ' || quote_ident(o.schema) || ',', ', {schema},')) ELSE c END, ', ' ORDER BY c) FROM unnest(o.proconfig) c)`;

const routines = objects(
  `CASE o.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END`,
  signature,
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
    settings,
    cost: `o.procost`,
    rows: `o.prorows`,
    "support function": `CASE WHEN o.prosupport <> 0 THEN o.prosupport::regproc::text END`,
    transforms: `(SELECT string_agg(format_type(t, NULL), ', ') FROM unnest(o.protrftypes) t)`,
    library: `o.probin`,
    body: `o.prosrc`,
    "sql body": `pg_get_function_sqlbody(o.oid)`,
    owner: owner("o.proowner"),
    privileges: privileges("f", "o.proacl", "o.proowner"),
    ...remarks("pg_proc", "o.oid"),
  },
  "fun o WHERE o.prokind <> 'a'",
  ["pg_proc", "o.oid"],
);

/** What a final function does to the state of its aggregate. */
const effect = (column: string) =>
  `CASE ${column} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END`;

const aggregates = objects(
  "'aggregate'",
  signature,
  "NULL",
  {
    arguments: `pg_get_function_arguments(o.oid)`,
    result: `pg_get_function_result(o.oid)`,
    kind: `CASE g.aggkind WHEN 'o' THEN 'ordered-set' WHEN 'h' THEN 'hypothetical-set' END`,
    parallel: `CASE o.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END`,
    "transition function": `g.aggtransfn::text`,
    "state type": `format_type(g.aggtranstype, NULL)`,
    "state size": `nullif(g.aggtransspace, 0)`,
    "initial value": `g.agginitval`,
    "final function": optionalFunction("g.aggfinalfn"),
    "final function extra arguments": `nullif(g.aggfinalextra, false)`,
    "final function effect": effect("g.aggfinalmodify"),
    "combine function": optionalFunction("g.aggcombinefn"),
    "serialization function": optionalFunction("g.aggserialfn"),
    "deserialization function": optionalFunction("g.aggdeserialfn"),
    "moving transition function": optionalFunction("g.aggmtransfn"),
    "moving inverse function": optionalFunction("g.aggminvtransfn"),
    "moving state type": `CASE WHEN g.aggmtranstype <> 0 THEN format_type(g.aggmtranstype, NULL) END`,
    "moving state size": `nullif(g.aggmtransspace, 0)`,
    "moving initial value": `g.aggminitval`,
    "moving final function": optionalFunction("g.aggmfinalfn"),
    "moving final function extra arguments": `nullif(g.aggmfinalextra, false)`,
    "moving final function effect": effect("g.aggmfinalmodify"),
    "sort operator": `nullif(g.aggsortop, 0)::regoperator::text`,
    owner: owner("o.proowner"),
    privileges: privileges("f", "o.proacl", "o.proowner"),
    ...remarks("pg_proc", "o.oid"),
  },
  "fun o JOIN pg_aggregate g ON g.aggfnoid = o.oid",
  ["pg_proc", "o.oid"],
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
    // JSON's numbers would be rounded.
    type: `format_type(s.seqtypid, NULL)`,
    start: `s.seqstart::text`,
    increment: `s.seqincrement::text`,
    minimum: `s.seqmin::text`,
    maximum: `s.seqmax::text`,
    cache: `s.seqcache::text`,
    cycle: `s.seqcycle`,
    persistence: free(`CASE o.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END`),
    "owning column": `(SELECT quote_ident(t.relname) || '.' || quote_ident(a.attname) FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))`,
    owner: free(owner("o.relowner")),
    privileges: privileges("s", "o.relacl", "o.relowner"),
    ...remarks("pg_class", "o.oid"),
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
    "statistics target": `CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END`,
    owner: owner("x.stxowner"),
    comment: comment("pg_statistic_ext", "x.oid"),
  },
  `wanted o JOIN pg_statistic_ext x ON x.stxnamespace = o.oid WHERE ${own("pg_statistic_ext", "x.oid")}`,
  ["pg_statistic_ext", "x.oid"],
);

const schemas = objects(
  "'schema'",
  "''",
  "NULL",
  {
    owner: owner("o.nspowner"),
    privileges: privileges("n", "o.nspacl", "o.nspowner"),
    publications: `(SELECT string_agg(b.pubname, ', ' ORDER BY b.pubname) FROM pg_publication_namespace pn JOIN pg_publication b ON b.oid = pn.pnpubid WHERE pn.pnnspid = o.oid)`,
    ...remarks("pg_namespace", "o.oid"),
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

const selects = [
  ...[schemas, ...tableSelects, routines, aggregates, ...typeSelects, sequences, statistics],
  ...[...operatorSelects, ...searchSelects, defaultPrivileges],
];

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
  WHERE t.typtype IN ('d', 'e', 'r', 'b', 'p') AND (t.typelem = 0 OR NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)) AND t.typname !~ '^_{0,2}__fleet' AND ${own("pg_type", "t.oid")}),
fun AS MATERIALIZED (SELECT p.*, w.schema, w.tenant_role FROM pg_proc p JOIN wanted w ON w.oid = p.pronamespace
  WHERE p.proname NOT LIKE '\\_\\_fleet%' AND ${own("pg_proc", "p.oid")} AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i'))
${selects.join("\nUNION ALL\n")}`;

import {
  comment,
  objects,
  optionalFunction,
  own,
  owner,
  privileges,
  remarks,
} from "./property-sql.ts";

const typeOf = "quote_ident(o.typname)";

/** A property of types of one sort, as `typtype` says. */
const only = (sort: string, sql: string) => `CASE WHEN o.typtype = '${sort}' THEN ${sql} END`;

const storage = `CASE o.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END`;

/** What CREATE TYPE says about a base type. */
const baseType = {
  "input function": only("b", "o.typinput::text"),
  "output function": only("b", "o.typoutput::text"),
  "receive function": only("b", optionalFunction("o.typreceive")),
  "send function": only("b", optionalFunction("o.typsend")),
  "modifier input function": only("b", optionalFunction("o.typmodin")),
  "modifier output function": only("b", optionalFunction("o.typmodout")),
  "analyze function": only("b", optionalFunction("o.typanalyze")),
  "subscript function": only("b", optionalFunction("o.typsubscript")),
  length: only("b", "CASE WHEN o.typlen < 0 THEN 'variable' ELSE o.typlen::text END"),
  "passed by value": only("b", "o.typbyval"),
  alignment: only(
    "b",
    "CASE o.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4' ELSE 'double' END",
  ),
  storage: only("b", storage),
  category: only("b", "o.typcategory::text"),
  preferred: only("b", "o.typispreferred"),
  element: only("b", "CASE WHEN o.typelem <> 0 THEN format_type(o.typelem, NULL) END"),
  delimiter: only("b", "o.typdelim::text"),
};

/** A property of a range type. */
const range = (sql: string) =>
  only("r", `(SELECT ${sql} FROM pg_range r WHERE r.rngtypid = o.oid)`);

const collationOf = (oid: string) =>
  `(SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = ${oid})`;

const rangeType = {
  subtype: range("format_type(r.rngsubtype, NULL)"),
  "subtype operator class": range(
    "(SELECT c.opcname FROM pg_opclass c WHERE c.oid = r.rngsubopc AND NOT c.opcdefault)",
  ),
  "subtype difference function": range(optionalFunction("r.rngsubdiff")),
  "canonical function": range(optionalFunction("r.rngcanonical")),
  multirange: range("format_type(r.rngmultitypid, NULL)"),
};

const types = objects(
  `CASE o.typtype WHEN 'd' THEN 'domain' ELSE 'type' END`,
  typeOf,
  "NULL",
  {
    labels: `(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = o.oid)`,
    shell: only("p", "true"),
    base: only("d", "format_type(o.typbasetype, o.typtypmod)"),
    "not null": only("d", "o.typnotnull"),
    default: `o.typdefault`,
    collation: `CASE o.typtype WHEN 'd' THEN ${collationOf("o.typcollation")} WHEN 'r' THEN ${range(collationOf("r.rngcollation"))}
      WHEN 'b' THEN ${collationOf("o.typcollation")} END`,
    ...rangeType,
    ...baseType,
    owner: owner("o.typowner"),
    privileges: privileges("T", "o.typacl", "o.typowner"),
    ...remarks("pg_type", "o.oid"),
  },
  "typ o",
  ["pg_type", "o.oid"],
);

/** Composite types. Their attributes are read with the columns of tables. */
const compositeTypes = objects(
  "'type'",
  "quote_ident(o.relname)",
  "NULL",
  {
    owner: owner("o.relowner"),
    privileges: privileges("T", "t.typacl", "t.typowner"),
    ...remarks("pg_type", "t.oid"),
  },
  "rel o CROSS JOIN LATERAL (SELECT * FROM pg_type WHERE oid = o.reltype OFFSET 0) t WHERE o.relkind = 'c'",
  ["pg_class", "o.oid"],
);

/** A column of pg_collation that not every version has. */
const versioned = (...names: readonly string[]) =>
  `coalesce(${names.map((name) => `to_jsonb(l) ->> '${name}'`).join(", ")})`;

const collations = objects(
  "'collation'",
  "quote_ident(l.collname)",
  "NULL",
  {
    provider: `CASE l.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE l.collprovider::text END`,
    locale: versioned("colllocale", "colliculocale"),
    lc_collate: `l.collcollate`,
    lc_ctype: `l.collctype`,
    "collation rules": versioned("collicurules"),
    deterministic: `l.collisdeterministic`,
    owner: owner("l.collowner"),
    comment: comment("pg_collation", "l.oid"),
  },
  `wanted o JOIN pg_collation l ON l.collnamespace = o.oid WHERE ${own("pg_collation", "l.oid")}`,
  ["pg_collation", "l.oid"],
);

/** Selects of types, and of the collations of text. Columns of composite types are `attribute`s. */
export const typeSelects: readonly string[] = [types, compositeTypes, collations];

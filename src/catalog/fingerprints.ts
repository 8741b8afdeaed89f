import type { Session } from "../postgres/session.ts";
import { castsOfSchemas } from "./operator-properties.ts";

/** Catalogs with rows about a relation: their columns with its oid. */
const ofRelations: readonly (readonly [catalog: string, relation: string, key: string])[] = [
  ["pg_attribute", "attrelid", "x.attnum"],
  ["pg_attrdef", "adrelid", "x.oid"],
  ["pg_index", "indrelid", "x.indexrelid"],
  ["pg_constraint", "conrelid", "x.oid"],
  ["pg_trigger", "tgrelid", "x.oid"],
  ["pg_policy", "polrelid", "x.oid"],
  ["pg_rewrite", "ev_class", "x.oid"],
  ["pg_sequence", "seqrelid", "x.seqrelid"],
  ["pg_inherits", "inhrelid", "x.inhparent"],
  ["pg_publication_rel", "prrelid", "x.oid"],
  ["pg_subscription_rel", "srrelid", "x.srsubid"],
  ["pg_foreign_table", "ftrelid", "x.ftserver"],
];

/** Catalogs with objects of a schema: their columns with its oid and the name. */
const ofSchemas: readonly (readonly [catalog: string, schema: string, name: string])[] = [
  ["pg_class", "relnamespace", "relname"],
  ["pg_type", "typnamespace", "typname"],
  ["pg_proc", "pronamespace", "proname"],
  ["pg_statistic_ext", "stxnamespace", "stxname"],
  ["pg_collation", "collnamespace", "collname"],
  ["pg_operator", "oprnamespace", "oprname"],
  ["pg_opfamily", "opfnamespace", "opfname"],
  ["pg_opclass", "opcnamespace", "opcname"],
  ["pg_conversion", "connamespace", "conname"],
  ["pg_ts_config", "cfgnamespace", "cfgname"],
  ["pg_ts_dict", "dictnamespace", "dictname"],
  ["pg_ts_parser", "prsnamespace", "prsname"],
  ["pg_ts_template", "tmplnamespace", "tmplname"],
];

/** Catalogs with rows about other objects of a schema: the catalog of these, the column with their oid, and what tells rows apart. */
const ofObjects: readonly (readonly [
  ...[catalog: string, owner: string, column: string, key: string],
])[] = [
  ["pg_enum", "pg_type", "enumtypid", "x.oid"],
  ["pg_range", "pg_type", "rngtypid", "x.rngtypid"],
  ["pg_constraint", "pg_type", "contypid", "x.oid"],
  ["pg_transform", "pg_type", "trftype", "x.oid"],
  ["pg_aggregate", "pg_proc", "aggfnoid::oid", "x.aggfnoid::oid"],
  ["pg_amop", "pg_opfamily", "amopfamily", "x.oid"],
  ["pg_amproc", "pg_opfamily", "amprocfamily", "x.oid"],
  ["pg_ts_config_map", "pg_ts_config", "mapcfg", "x.maptokentype, x.mapseqno"],
];

/** A hash of a row's version. A record takes half the time of a text. */
const hashed = (catalog: string, ...keys: readonly string[]) =>
  `hash_record_extended(ROW(${keys.join(", ")}, x.xmin), hashtext('${catalog}'))`;

/** The oid of a row that can have a comment. */
const ownOid = (key: string) => (key === "x.oid" ? key : "0::oid");

const members = ofSchemas
  .map(
    ([catalog, schema, name]) =>
      `SELECT x.${schema} AS ns, 'pg_catalog.${catalog}'::regclass AS catalog, x.oid, ${hashed(catalog, "x.oid")} AS h
       FROM pg_catalog.${catalog} x JOIN wanted w ON w.oid = x.${schema} WHERE x.${name} !~ '^_{0,3}__fleet'`,
  )
  .join("\nUNION ALL\n");

const parts = [
  ...ofRelations.map(
    ([catalog, relation, key]) =>
      `SELECT m.ns, 'pg_catalog.${catalog}'::regclass, ${ownOid(key)}, ${hashed(catalog, "m.oid", key)}
       FROM pg_catalog.${catalog} x JOIN members m ON m.catalog = 'pg_catalog.pg_class'::regclass AND m.oid = x.${relation}${catalog === "pg_attribute" ? " AND x.attnum > 0" : ""}`,
  ),
  ...ofObjects.map(
    ([catalog, owner, column, key]) =>
      `SELECT m.ns, 'pg_catalog.${catalog}'::regclass, ${ownOid(key)}, ${hashed(catalog, "m.oid", key)}
       FROM pg_catalog.${catalog} x JOIN members m ON m.catalog = 'pg_catalog.${owner}'::regclass AND m.oid = x.${column}`,
  ),
  // Each cast once, though it can belong to two types of the schema.
  `SELECT w.oid, 'pg_catalog.pg_cast'::regclass, x.oid, ${hashed("pg_cast", "x.oid")} FROM wanted w JOIN (${castsOfSchemas}) c ON c.namespace = w.oid
   JOIN pg_catalog.pg_cast x ON x.oid = c.oid`,
  // The only trace of ALTER SEQUENCE ... OWNED BY.
  `SELECT m.ns, 'pg_catalog.pg_depend'::regclass, 0::oid, ${hashed("pg_depend", "m.oid")} FROM pg_catalog.pg_sequence s
   JOIN members m ON m.catalog = 'pg_catalog.pg_class'::regclass AND m.oid = s.seqrelid
   JOIN pg_catalog.pg_depend x ON x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = s.seqrelid AND x.deptype IN ('a', 'i')`,
  `SELECT w.oid, 'pg_catalog.pg_namespace'::regclass, w.oid, ${hashed("pg_namespace", "x.oid")}
   FROM wanted w JOIN pg_catalog.pg_namespace x ON x.oid = w.oid`,
  `SELECT w.oid, 'pg_catalog.pg_default_acl'::regclass, 0::oid, ${hashed("pg_default_acl", "x.oid")}
   FROM wanted w JOIN pg_catalog.pg_default_acl x ON x.defaclnamespace = w.oid`,
  `SELECT w.oid, 'pg_catalog.pg_publication_namespace'::regclass, 0::oid, ${hashed("pg_publication_namespace", "x.oid")}
   FROM wanted w JOIN pg_catalog.pg_publication_namespace x ON x.pnnspid = w.oid`,
].join("\nUNION ALL\n");

const query = `
WITH wanted AS MATERIALIZED (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY($1::text[])),
members AS MATERIALIZED (${members}),
objects AS MATERIALIZED (SELECT ns, catalog, oid, h FROM members UNION ALL ${parts}),
remarks AS (SELECT o.ns, ${hashed("pg_description", "x.classoid", "x.objoid", "x.objsubid")} AS h
  FROM pg_catalog.pg_description x JOIN objects o ON o.catalog = x.classoid AND o.oid = x.objoid
  UNION ALL SELECT o.ns, ${hashed("pg_seclabel", "x.classoid", "x.objoid", "x.objsubid", "x.provider")}
  FROM pg_catalog.pg_seclabel x JOIN objects o ON o.catalog = x.classoid AND o.oid = x.objoid)
SELECT w.nspname AS schema, bit_xor(a.h)::text AS fingerprint
FROM wanted w JOIN (SELECT ns, h FROM objects UNION ALL SELECT ns, h FROM remarks) a ON a.ns = w.oid GROUP BY w.nspname`;

/**
 * Reads a fingerprint of each schema: a hash over the versions (xmin) of all rows of the catalogs that describe it, except the
 * ledger's. It differs after every change of the schema, and not after changes of rows, VACUUM, ANALYZE or nextval. Some
 * commands that change nothing, such as REINDEX, change it, too.
 *
 * @returns the fingerprint of each schema that exists
 */
export async function readFingerprints(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, string>> {
  const rows = await session.query<{ schema: string; fingerprint: string }>(query, [schemas]);
  return new Map(rows.map(({ schema, fingerprint }) => [schema, fingerprint]));
}

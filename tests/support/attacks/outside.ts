import type pg from "pg";

/** Catalogs whose rows belong to a schema, by the column that says which. */
const ofSchemas: Readonly<Record<string, string>> = {
  pg_class: "relnamespace",
  pg_collation: "collnamespace",
  pg_constraint: "connamespace",
  pg_conversion: "connamespace",
  pg_default_acl: "defaclnamespace",
  pg_opclass: "opcnamespace",
  pg_operator: "oprnamespace",
  pg_opfamily: "opfnamespace",
  pg_proc: "pronamespace",
  pg_statistic_ext: "stxnamespace",
  pg_ts_config: "cfgnamespace",
  pg_ts_dict: "dictnamespace",
  pg_ts_parser: "prsnamespace",
  pg_ts_template: "tmplnamespace",
  pg_type: "typnamespace",
};

/** Catalogs whose rows belong to a row of another one. */
const ofParents: Readonly<Record<string, readonly [column: string, parent: string]>> = {
  pg_attrdef: ["adrelid", "pg_class"],
  pg_attribute: ["attrelid", "pg_class"],
  pg_enum: ["enumtypid", "pg_type"],
  pg_index: ["indrelid", "pg_class"],
  pg_inherits: ["inhrelid", "pg_class"],
  pg_policy: ["polrelid", "pg_class"],
  pg_rewrite: ["ev_class", "pg_class"],
  pg_sequence: ["seqrelid", "pg_class"],
  pg_trigger: ["tgrelid", "pg_class"],
};

/** Catalogs that belong to the database or the server as a whole. */
const ofAll = [
  "pg_am",
  "pg_auth_members",
  "pg_authid",
  "pg_cast",
  "pg_database",
  "pg_db_role_setting",
  "pg_event_trigger",
  "pg_extension",
  "pg_foreign_data_wrapper",
  "pg_foreign_server",
  "pg_language",
  "pg_largeobject_metadata",
  "pg_namespace",
  "pg_parameter_acl",
  "pg_publication",
  "pg_replication_origin",
  "pg_seclabel",
  "pg_shdescription",
  "pg_subscription",
  "pg_tablespace",
  "pg_transform",
  "pg_user_mapping",
];

/** What PostgreSQL counts by itself, and the tenant's own entry. */
const counters =
  "ARRAY['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid', 'relhasindex', 'relhastriggers', 'relhasrules', 'datfrozenxid', 'datminmxid']";

/**
 * What there is outside of a tenant's schema, a digest for each catalog and table: two of them are equal when nothing
 * was made, changed or taken away there.
 *
 * @param inside the schema whose own objects and rows do not count
 * @param neighbour the schema whose rows do
 */
export async function outsideOf(
  client: pg.Client,
  inside: string,
  neighbour: string,
): Promise<Record<string, string>> {
  const server = await client.query<{ name: string }>(
    "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace",
  );
  const there = new Set(server.rows.map(({ name }) => name));
  // Foreign keys and TOAST tables of the tenant's are in schemas of PostgreSQL's.
  const foreign = `SELECT oid FROM pg_namespace WHERE nspname <> '${inside}' AND nspname !~ '^pg_(toast|temp)'`;
  const digest = (from: string) =>
    `(SELECT md5(coalesce(string_agg(r, E'\\n' ORDER BY r), '')) FROM (SELECT (to_jsonb(c) - ${counters})::text AS r FROM ${from}) rows)`;
  const parts = [
    ...Object.entries(ofSchemas).map(([catalog, column]) => [
      catalog,
      digest(`${catalog} c WHERE c.${column} = 0 OR c.${column} IN (${foreign})`),
    ]),
    ...Object.entries(ofParents).map(([catalog, [column, parent]]) => [
      catalog,
      digest(
        `${catalog} c JOIN (SELECT oid FROM ${parent} WHERE ${ofSchemas[parent]} IN (${foreign})) p ON p.oid = c.${column}`,
      ),
    ]),
    ...ofAll
      .filter((catalog) => there.has(catalog))
      .map((catalog) => [
        catalog,
        digest(
          `${catalog} c${catalog === "pg_namespace" ? ` WHERE nspname <> '${inside}' AND nspname !~ '^pg_(toast|temp)'` : ""}`,
        ),
      ]),
    // Objects that PostgreSQL brings along have OIDs below those of users' objects.
    ["pg_description", digest("pg_description c WHERE objoid < 16384")],
    ["rows", digest(`${neighbour}.users c`)],
    ["entries", digest(`${neighbour}.__fleet_ledger c`)],
    ["sequence", `(SELECT format('%s %s', last_value, is_called) FROM ${neighbour}.seq)`],
    ["large objects", "(SELECT count(*)::text FROM pg_largeobject_metadata)"],
  ];
  const { rows } = await client.query(
    `SELECT ${parts.map(([name, sql]) => `${sql} AS "${name}"`).join(", ")}`,
  );
  return rows[0];
}

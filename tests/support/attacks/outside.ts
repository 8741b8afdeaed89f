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

/** Columns that PostgreSQL changes by itself. */
const counters =
  "ARRAY['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid', 'relhasindex', 'relhastriggers', 'relhasrules', 'datfrozenxid', 'datminmxid']";

/**
 * A digest of everything outside a tenant's schema, by catalog and table. Two results are equal if nothing was created,
 * changed or removed there.
 *
 * @param inside the schema whose objects and rows are ignored
 * @param neighbor the schema whose rows are included
 */
export async function outsideOf(
  client: pg.Client,
  inside: string,
  neighbor: string,
): Promise<Record<string, string>> {
  const server = await client.query<{ name: string }>(
    "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace",
  );
  const there = new Set(server.rows.map(({ name }) => name));
  // TOAST and temporary tables of the tenant are in PostgreSQL's own schemas, which are ignored, too.
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
    // PostgreSQL's own objects have OIDs below 16384.
    ["pg_description", digest("pg_description c WHERE objoid < 16384")],
    ["rows", digest(`${neighbor}.users c`)],
    ["entries", digest(`${neighbor}.__fleet_ledger c`)],
    ["sequence", `(SELECT format('%s %s', last_value, is_called) FROM ${neighbor}.seq)`],
    ["large objects", "(SELECT count(*)::text FROM pg_largeobject_metadata)"],
  ];
  const { rows } = await client.query(
    `SELECT ${parts.map(([name, sql]) => `${sql} AS "${name}"`).join(", ")}`,
  );
  return rows[0];
}

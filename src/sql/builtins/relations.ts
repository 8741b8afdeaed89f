import { namesInList } from "./functions.ts";
import { relations } from "./objects.ts";

/**
 * The catalogs and views of them that a migration may read: they describe the existing objects. The others contain data
 * of other tenants or of the server: values of columns (pg_stats, pg_statistic, pg_largeobject), running statements,
 * passwords, and the locks of other sessions.
 */
const readableNames = `
  pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_available_extension_versions
  pg_available_extensions pg_cast pg_class pg_collation pg_constraint pg_conversion pg_database pg_default_acl pg_depend
  pg_description pg_enum pg_event_trigger pg_extension pg_foreign_data_wrapper pg_foreign_server pg_foreign_table
  pg_group pg_index pg_indexes pg_inherits pg_init_privs pg_language pg_matviews pg_namespace pg_opclass pg_operator
  pg_opfamily pg_partitioned_table pg_policies pg_policy pg_proc pg_publication pg_publication_namespace
  pg_publication_rel pg_publication_tables pg_range pg_rewrite pg_roles pg_rules pg_seclabel pg_seclabels pg_sequence
  pg_sequences
  pg_settings pg_shdepend pg_shdescription pg_statistic_ext pg_tables pg_tablespace pg_timezone_abbrevs
  pg_timezone_names pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type
  pg_user pg_views
`;

let catalogs: ReadonlySet<string> | undefined;
let readableCatalogs: ReadonlySet<string> | undefined;

/** Views of bundled extensions that show the activity of all sessions. */
const ofExtensions = /^(pg_stat_statements|pg_buffercache)(_\w+)?$/;

/** True for an unqualified name of PostgreSQL's own relations. A tenant's table may also begin with pg_. */
export function isCatalog(name: string): boolean {
  catalogs ??= new Set(namesInList(relations));
  return catalogs.has(name) || ofExtensions.test(name);
}

/** True for a catalog of pg_catalog that a migration may read. */
export function isReadableCatalog(name: string): boolean {
  readableCatalogs ??= new Set(namesInList(readableNames));
  return readableCatalogs.has(name);
}

/**
 * True for a view of information_schema that a migration may read: all except those with passwords of user mappings.
 */
export function isReadableInformation(name: string): boolean {
  return !/user_mapping/.test(name);
}

import { immutableFunctions } from "./immutable-functions.ts";
import { otherFunctions } from "./other-functions.ts";

/**
 * How a migration may use a built-in function:
 * - `free`: with any arguments. It only computes, or reads its session, the clock, or the catalogs by OID.
 * - `called`: only in a call whose first argument is a constant name.
 * - `refused`: not at all, because it can reach beyond the tenant: by a name, an OID, a path, a text to run, or without
 *   any argument.
 */
export type CallRule = "free" | "called" | "refused";

/**
 * Functions that a migration may use although they are stable or volatile, or called by PostgreSQL itself. Each one was
 * reviewed. A function on neither list is refused, so that a new version of PostgreSQL adds none without a review.
 */
const reviewed = `
  Time, randomness and identity:
  age clock_timestamp date_add date_subtract date_trunc gen_random_uuid now pg_sleep pg_sleep_for pg_sleep_until random
  random_normal setseed statement_timestamp timeofday transaction_timestamp uuidv4 uuidv7 array_sample array_shuffle
  txid_current txid_current_if_assigned txid_current_snapshot txid_status pg_current_snapshot pg_current_xact_id
  pg_current_xact_id_if_assigned pg_xact_status mxid_age

  Reading the session, the server and their settings:
  current_database current_query current_schema current_schemas current_setting current_user getpgusername session_user
  system_user version getdatabaseencoding inet_client_addr inet_client_port inet_server_addr inet_server_port
  pg_backend_pid pg_client_encoding pg_char_to_encoding pg_encoding_to_char pg_is_in_recovery pg_my_temp_schema
  pg_postmaster_start_time pg_conf_load_time pg_trigger_depth lastval get_current_ts_config pg_timezone_names
  pg_timezone_abbrevs pg_available_extensions pg_available_extension_versions pg_get_keywords

  Conversions between values and text:
  array_to_string concat concat_ws convert convert_from convert_to date date_part extract format in_range length
  make_timestamptz money numeric overlaps quote_literal quote_nullable time timestamp timestamptz timetz timezone
  to_char to_date to_number to_timestamp anytextcat textanycat generate_series
  date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz date_gt_timestamptz date_le_timestamptz
  date_lt_timestamptz date_ne_timestamptz timestamp_cmp_timestamptz timestamp_eq_timestamptz timestamp_ge_timestamptz
  timestamp_gt_timestamptz timestamp_le_timestamptz timestamp_lt_timestamptz timestamp_ne_timestamptz
  timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date timestamptz_eq_timestamp timestamptz_ge_date
  timestamptz_ge_timestamp timestamptz_gt_date timestamptz_gt_timestamp timestamptz_le_date timestamptz_le_timestamp
  timestamptz_lt_date timestamptz_lt_timestamp timestamptz_ne_date timestamptz_ne_timestamp timestamptz_mi_interval
  timestamptz_pl_interval interval_pl_timestamptz
  enum_first enum_last enum_range pg_typeof pg_collation_for pg_column_size pg_column_compression pg_input_is_valid
  pg_input_error_info

  JSON, XML and text search:
  array_to_json row_to_json to_json to_jsonb json_agg json_agg_strict json_build_array json_build_object json_object_agg
  json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict json_populate_record
  json_populate_recordset json_to_record json_to_recordset jsonb_agg jsonb_agg_strict jsonb_build_array
  jsonb_build_object jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
  jsonb_populate_record jsonb_populate_record_valid jsonb_populate_recordset jsonb_to_record jsonb_to_recordset
  jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz
  xml xmlagg xml_is_well_formed ts_match_tq ts_match_tt ts_headline ts_debug ts_parse ts_token_type to_tsvector
  json_to_tsvector jsonb_to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery

  Descriptions of an object by its OID, and privileges of a role:
  format_type oidvectortypes obj_description col_description shobj_description pg_get_userbyid pg_get_constraintdef
  pg_get_expr pg_get_function_arg_default pg_get_function_arguments pg_get_function_identity_arguments
  pg_get_function_result pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_partition_constraintdef
  pg_get_partkeydef pg_get_ruledef pg_get_statisticsobjdef pg_get_statisticsobjdef_columns
  pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_options_to_table pg_basetype aclexplode
  pg_collation_is_visible pg_conversion_is_visible pg_function_is_visible pg_opclass_is_visible pg_operator_is_visible
  pg_opfamily_is_visible pg_statistics_obj_is_visible pg_table_is_visible pg_ts_config_is_visible
  pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_is_other_temp_schema
  has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
  has_function_privilege has_language_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege
  has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege pg_has_role
  _pg_char_max_length _pg_char_octet_length _pg_datetime_precision _pg_expandarray _pg_index_position
  _pg_interval_type _pg_numeric_precision _pg_numeric_precision_radix _pg_numeric_scale _pg_truetypid _pg_truetypmod

  Notifications and advisory locks: they contain no rows, and the runner releases what is left:
  pg_notify pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_xact_lock
  pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
  pg_try_advisory_xact_lock_shared

  Functions for triggers, operators and aggregates:
  suppress_redundant_updates_trigger tsvector_update_trigger tsvector_update_trigger_column
  eqsel neqsel scalarltsel scalarlesel scalargtsel scalargesel eqjoinsel neqjoinsel scalarltjoinsel scalarlejoinsel
  scalargtjoinsel scalargejoinsel areasel areajoinsel positionsel positionjoinsel contsel contjoinsel likesel
  likejoinsel nlikesel nlikejoinsel iclikesel iclikejoinsel icnlikesel icnlikejoinsel regexeqsel regexeqjoinsel
  regexnesel regexnejoinsel icregexeqsel icregexeqjoinsel icregexnesel icregexnejoinsel prefixsel prefixjoinsel
  matchingsel matchingjoinsel arraycontsel arraycontjoinsel networksel networkjoinsel rangesel multirangesel
  tsmatchsel tsmatchjoinsel
`;

/** Functions whose first argument is the name or the OID of an object. */
const ofObjects = `
  nextval currval setval pg_sequence_last_value pg_get_serial_sequence pg_get_viewdef row_security_active
  regclass pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_partition_tree
  pg_partition_ancestors pg_partition_root pg_relation_is_updatable pg_column_is_updatable pg_index_has_property
  pg_index_column_has_property pg_relation_is_publishable pg_get_replica_identity_index brin_summarize_new_values
  brin_summarize_range brin_desummarize_range gin_clean_pending_list table_to_xml table_to_xmlschema
  table_to_xml_and_xmlschema
`;

/** Functions that look up an object by its name, and only return its OID. */
const lookUps = /^to_reg\w+$/;

/** Functions of known extensions that run a text, or take the name of any table or file, or the number of a page. */
const ofExtensions =
  /^(dblink\w*|crosstab\w*|connectby|xpath_table|xslt_process|postgres_fdw_\w+|pg_file_\w+|pg_logdir_ls|get_raw_page\w*|(bt|brin|gin|gist|hash|heap|fsm)_(meta\w*|page\w*|multi_page\w*|revmap\w*|bitmap\w*|leafpage\w*|tuple\w*|index_\w*check|\w*check\w*|force_\w+)|tuple_data_split|page_header|page_checksum|verify_heapam|pgstat\w+|pg_relpages|pgrowlocks|pg_prewarm|autoprewarm\w*|pg_visibility\w*|pg_truncate_visibility_map|pg_freespace|pg_buffercache\w*|pg_stat_statements\w*|pg_get_wal_\w+|lo_manage|autoinc|check_primary_key|check_foreign_key|addgeometrycolumn|dropgeometry\w+|updategeometrysrid|populate_geometry_columns|create_(distributed_)?hypertable|run_command_on_\w+)$/;

let rules: ReadonlyMap<string, CallRule> | undefined;

/**
 * How a migration may use a function of pg_catalog or information_schema.
 *
 * @param name the function's unqualified name, as PostgreSQL stores it
 * @returns undefined if PostgreSQL has no built-in function of this name
 */
export function callRuleOf(name: string): CallRule | undefined {
  rules ??= new Map([
    ...namesInList(otherFunctions).map((word) => [word, "refused"] as const),
    ...namesInList(immutableFunctions).map((word) => [word, "free"] as const),
    ...namesInList(reviewed).map((word) => [word, "free"] as const),
    ...namesInList(otherFunctions)
      .filter(looksUpObject)
      .map((word) => [word, "free"] as const),
    ...namesInList(ofObjects).map((word) => [word, "called"] as const),
    // The setting in its argument is checked like that of SET.
    ["set_config", "called"] as const,
  ]);
  return rules.get(name);
}

/** True for a function of a known extension that can reach beyond the tenant. */
export function isReachingExtensionFunction(name: string): boolean {
  return ofExtensions.test(name);
}

let objectFunctions: ReadonlySet<string> | undefined;

/** True for a function whose first argument is the name or the OID of an object. */
export function takesObjectName(name: string): boolean {
  objectFunctions ??= new Set(namesInList(ofObjects));
  return objectFunctions.has(name);
}

/** True for a function that only looks up an object by its name. */
export function looksUpObject(name: string): boolean {
  return lookUps.test(name);
}

/** The names in a list. Lines that end in a colon are headings. */
export function namesInList(list: string): string[] {
  const lines = list.split("\n").filter((line) => !line.endsWith(":"));
  return lines.flatMap((line) => line.trim().split(/\s+/)).filter((word) => word !== "");
}

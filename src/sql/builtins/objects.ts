// Written by scripts/list-builtins.mjs from pg_catalog of PostgreSQL 14 to 18. Do not edit by hand.

/** Catalogs and their views. */
export const relations = `
  pg_aggregate pg_aios pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_authid
  pg_available_extension_versions pg_available_extensions pg_backend_memory_contexts pg_cast pg_class pg_collation
  pg_config pg_constraint pg_conversion pg_cursors pg_database pg_db_role_setting pg_default_acl pg_depend
  pg_description pg_enum pg_event_trigger pg_extension pg_file_settings pg_foreign_data_wrapper pg_foreign_server
  pg_foreign_table pg_group pg_hba_file_rules pg_ident_file_mappings pg_index pg_indexes pg_inherits pg_init_privs
  pg_language pg_largeobject pg_largeobject_metadata pg_locks pg_matviews pg_namespace pg_opclass pg_operator
  pg_opfamily pg_parameter_acl pg_partitioned_table pg_policies pg_policy pg_prepared_statements pg_prepared_xacts
  pg_proc pg_publication pg_publication_namespace pg_publication_rel pg_publication_tables pg_range
  pg_replication_origin pg_replication_origin_status pg_replication_slots pg_rewrite pg_roles pg_rules pg_seclabel
  pg_seclabels pg_sequence pg_sequences pg_settings pg_shadow pg_shdepend pg_shdescription pg_shmem_allocations
  pg_shmem_allocations_numa pg_shseclabel pg_stat_activity pg_stat_all_indexes pg_stat_all_tables pg_stat_archiver
  pg_stat_bgwriter pg_stat_checkpointer pg_stat_database pg_stat_database_conflicts pg_stat_gssapi pg_stat_io
  pg_stat_progress_analyze pg_stat_progress_basebackup pg_stat_progress_cluster pg_stat_progress_copy
  pg_stat_progress_create_index pg_stat_progress_vacuum pg_stat_recovery_prefetch pg_stat_replication
  pg_stat_replication_slots pg_stat_slru pg_stat_ssl pg_stat_subscription pg_stat_subscription_stats
  pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_functions pg_stat_user_indexes pg_stat_user_tables pg_stat_wal
  pg_stat_wal_receiver pg_stat_xact_all_tables pg_stat_xact_sys_tables pg_stat_xact_user_functions
  pg_stat_xact_user_tables pg_statio_all_indexes pg_statio_all_sequences pg_statio_all_tables pg_statio_sys_indexes
  pg_statio_sys_sequences pg_statio_sys_tables pg_statio_user_indexes pg_statio_user_sequences pg_statio_user_tables
  pg_statistic pg_statistic_ext pg_statistic_ext_data pg_stats pg_stats_ext pg_stats_ext_exprs pg_subscription
  pg_subscription_rel pg_tables pg_tablespace pg_timezone_abbrevs pg_timezone_names pg_transform pg_trigger
  pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type pg_user pg_user_mapping
  pg_user_mappings pg_views pg_wait_events
`;

/** Types, except row and array types. */
export const types = `
  aclitem any anyarray anycompatible anycompatiblearray anycompatiblemultirange anycompatiblenonarray
  anycompatiblerange anyelement anyenum anymultirange anynonarray anyrange bit bool bpchar bytea char cid cidr circle
  cstring date datemultirange daterange event_trigger fdw_handler float4 float8 gtsvector index_am_handler inet int2
  int4 int4multirange int4range int8 int8multirange int8range internal interval json jsonb jsonpath language_handler
  macaddr macaddr8 money numeric nummultirange numrange oid path pg_brin_bloom_summary pg_brin_minmax_multi_summary
  pg_ddl_command pg_dependencies pg_lsn pg_mcv_list pg_ndistinct pg_node_tree pg_snapshot polygon record refcursor
  regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype
  table_am_handler text tid time timestamp timestamptz timetz trigger tsm_handler tsmultirange tsquery tsrange
  tstzmultirange tstzrange tsvector txid_snapshot unknown uuid varbit varchar void xid xid8 xml
`;

/** Operators. */
export const operators = `
  !! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < <-> << <<= <<| <= <>
  <@ <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~
  ~~ ~~*
`;

/** Text search configurations, dictionaries, parsers and templates. */
export const searchObjects = `
  arabic arabic_stem armenian armenian_stem basque basque_stem catalan catalan_stem danish danish_stem default dutch
  dutch_stem english english_stem estonian estonian_stem finnish finnish_stem french french_stem german german_stem
  greek greek_stem hindi hindi_stem hungarian hungarian_stem indonesian indonesian_stem irish irish_stem ispell
  italian italian_stem lithuanian lithuanian_stem nepali nepali_stem norwegian norwegian_stem portuguese
  portuguese_stem romanian romanian_stem russian russian_stem serbian serbian_stem simple snowball spanish
  spanish_stem swedish swedish_stem synonym tamil tamil_stem thesaurus turkish turkish_stem yiddish yiddish_stem
`;

/** Operator classes and families. */
export const operatorClasses = `
  aclitem_ops array_ops bit_minmax_ops bit_ops bool_ops box_inclusion_ops box_ops bpchar_bloom_ops bpchar_minmax_ops
  bpchar_ops bpchar_pattern_ops bytea_bloom_ops bytea_minmax_ops bytea_ops char_bloom_ops char_minmax_ops char_ops
  cid_ops cidr_ops circle_ops date_bloom_ops date_minmax_multi_ops date_minmax_ops date_ops datetime_bloom_ops
  datetime_minmax_multi_ops datetime_minmax_ops datetime_ops enum_ops float4_bloom_ops float4_minmax_multi_ops
  float4_minmax_ops float4_ops float8_bloom_ops float8_minmax_multi_ops float8_minmax_ops float8_ops float_bloom_ops
  float_minmax_multi_ops float_minmax_ops float_ops inet_bloom_ops inet_inclusion_ops inet_minmax_multi_ops
  inet_minmax_ops inet_ops int2_bloom_ops int2_minmax_multi_ops int2_minmax_ops int2_ops int4_bloom_ops
  int4_minmax_multi_ops int4_minmax_ops int4_ops int8_bloom_ops int8_minmax_multi_ops int8_minmax_ops int8_ops
  integer_bloom_ops integer_minmax_multi_ops integer_minmax_ops integer_ops interval_bloom_ops
  interval_minmax_multi_ops interval_minmax_ops interval_ops jsonb_ops jsonb_path_ops kd_point_ops macaddr8_bloom_ops
  macaddr8_minmax_multi_ops macaddr8_minmax_ops macaddr8_ops macaddr_bloom_ops macaddr_minmax_multi_ops
  macaddr_minmax_ops macaddr_ops money_ops multirange_ops name_bloom_ops name_minmax_ops name_ops network_bloom_ops
  network_inclusion_ops network_minmax_multi_ops network_minmax_ops network_ops numeric_bloom_ops
  numeric_minmax_multi_ops numeric_minmax_ops numeric_ops oid_bloom_ops oid_minmax_multi_ops oid_minmax_ops oid_ops
  oidvector_ops pg_lsn_bloom_ops pg_lsn_minmax_multi_ops pg_lsn_minmax_ops pg_lsn_ops point_ops poly_ops
  quad_point_ops range_inclusion_ops range_ops record_image_ops record_ops text_bloom_ops text_minmax_ops text_ops
  text_pattern_ops tid_bloom_ops tid_minmax_multi_ops tid_minmax_ops tid_ops time_bloom_ops time_minmax_multi_ops
  time_minmax_ops time_ops timestamp_bloom_ops timestamp_minmax_multi_ops timestamp_minmax_ops timestamp_ops
  timestamptz_bloom_ops timestamptz_minmax_multi_ops timestamptz_minmax_ops timestamptz_ops timetz_bloom_ops
  timetz_minmax_multi_ops timetz_minmax_ops timetz_ops tsquery_ops tsvector_ops uuid_bloom_ops uuid_minmax_multi_ops
  uuid_minmax_ops uuid_ops varbit_minmax_ops varbit_ops varchar_ops varchar_pattern_ops xid8_ops xid_ops
`;

/** Conversions between encodings. */
export const conversions = `
  big5_to_euc_tw big5_to_mic big5_to_utf8 euc_cn_to_mic euc_cn_to_utf8 euc_jis_2004_to_shift_jis_2004
  euc_jis_2004_to_utf8 euc_jp_to_mic euc_jp_to_sjis euc_jp_to_utf8 euc_kr_to_mic euc_kr_to_utf8 euc_tw_to_big5
  euc_tw_to_mic euc_tw_to_utf8 gb18030_to_utf8 gbk_to_utf8 iso_8859_10_to_utf8 iso_8859_13_to_utf8
  iso_8859_14_to_utf8 iso_8859_15_to_utf8 iso_8859_16_to_utf8 iso_8859_1_to_mic iso_8859_1_to_utf8 iso_8859_2_to_mic
  iso_8859_2_to_utf8 iso_8859_2_to_windows_1250 iso_8859_3_to_mic iso_8859_3_to_utf8 iso_8859_4_to_mic
  iso_8859_4_to_utf8 iso_8859_5_to_koi8_r iso_8859_5_to_mic iso_8859_5_to_utf8 iso_8859_5_to_windows_1251
  iso_8859_5_to_windows_866 iso_8859_6_to_utf8 iso_8859_7_to_utf8 iso_8859_8_to_utf8 iso_8859_9_to_utf8 johab_to_utf8
  koi8_r_to_iso_8859_5 koi8_r_to_mic koi8_r_to_utf8 koi8_r_to_windows_1251 koi8_r_to_windows_866 koi8_u_to_utf8
  mic_to_big5 mic_to_euc_cn mic_to_euc_jp mic_to_euc_kr mic_to_euc_tw mic_to_iso_8859_1 mic_to_iso_8859_2
  mic_to_iso_8859_3 mic_to_iso_8859_4 mic_to_iso_8859_5 mic_to_koi8_r mic_to_sjis mic_to_windows_1250
  mic_to_windows_1251 mic_to_windows_866 shift_jis_2004_to_euc_jis_2004 shift_jis_2004_to_utf8 sjis_to_euc_jp
  sjis_to_mic sjis_to_utf8 uhc_to_utf8 utf8_to_big5 utf8_to_euc_cn utf8_to_euc_jis_2004 utf8_to_euc_jp utf8_to_euc_kr
  utf8_to_euc_tw utf8_to_gb18030 utf8_to_gbk utf8_to_iso_8859_1 utf8_to_iso_8859_10 utf8_to_iso_8859_13
  utf8_to_iso_8859_14 utf8_to_iso_8859_15 utf8_to_iso_8859_16 utf8_to_iso_8859_2 utf8_to_iso_8859_3
  utf8_to_iso_8859_4 utf8_to_iso_8859_5 utf8_to_iso_8859_6 utf8_to_iso_8859_7 utf8_to_iso_8859_8 utf8_to_iso_8859_9
  utf8_to_johab utf8_to_koi8_r utf8_to_koi8_u utf8_to_shift_jis_2004 utf8_to_sjis utf8_to_uhc utf8_to_windows_1250
  utf8_to_windows_1251 utf8_to_windows_1252 utf8_to_windows_1253 utf8_to_windows_1254 utf8_to_windows_1255
  utf8_to_windows_1256 utf8_to_windows_1257 utf8_to_windows_1258 utf8_to_windows_866 utf8_to_windows_874
  windows_1250_to_iso_8859_2 windows_1250_to_mic windows_1250_to_utf8 windows_1251_to_iso_8859_5
  windows_1251_to_koi8_r windows_1251_to_mic windows_1251_to_utf8 windows_1251_to_windows_866 windows_1252_to_utf8
  windows_1253_to_utf8 windows_1254_to_utf8 windows_1255_to_utf8 windows_1256_to_utf8 windows_1257_to_utf8
  windows_1258_to_utf8 windows_866_to_iso_8859_5 windows_866_to_koi8_r windows_866_to_mic windows_866_to_utf8
  windows_866_to_windows_1251 windows_874_to_utf8
`;

import { namesInList } from "./functions.ts";

/** What a column of a catalog says about the schema of its row. */
export interface CatalogColumn {
  /** A schema by its name or its OID, any other object by its OID, or the OID of either. */
  readonly kind: "name" | "namespace" | "object" | "any";
  /**
   * False for an object that the row only refers to, such as a column's type: it may be PostgreSQL's own, or shared.
   */
  readonly own: boolean;
}

/** A catalog, or a view of catalogs, that lists the objects of all schemas. */
export interface Catalog {
  /** The columns by which its rows can be limited to a schema. */
  readonly columns: ReadonlyMap<string, CatalogColumn>;
}

/**
 * Catalogs of pg_catalog with the columns that limit a read to a schema. The prefix is `=` for a schema's name, `@` for a
 * schema's OID, `?` for the OID of anything, and empty for the OID of another object. `~` marks an object that the row
 * refers to without belonging to it. All other columns are left out.
 */
const ofCatalog = `
  pg_aggregate aggfnoid
  pg_amop oid amopfamily
  pg_amproc oid amprocfamily
  pg_attrdef oid adrelid
  pg_attribute attrelid ~atttypid ~attcollation
  pg_class @relnamespace oid ~reltype ~reloftype ~reltoastrelid
  pg_collation @collnamespace oid
  pg_constraint @connamespace oid conrelid contypid conindid conparentid ~confrelid
  pg_conversion @connamespace oid ~conproc
  pg_default_acl @defaclnamespace oid
  pg_depend ?objid ~?refobjid
  pg_description ?objoid
  pg_enum oid enumtypid
  pg_foreign_table ftrelid
  pg_index indexrelid indrelid
  pg_indexes =schemaname
  pg_inherits inhrelid inhparent
  pg_init_privs ?objoid
  pg_matviews =schemaname
  pg_namespace =nspname @oid
  pg_opclass @opcnamespace oid ~opcfamily ~opcintype
  pg_operator @oprnamespace oid ~oprleft ~oprright ~oprresult
  pg_opfamily @opfnamespace oid
  pg_partitioned_table partrelid ~partdefid
  pg_policies =schemaname
  pg_policy oid polrelid
  pg_proc @pronamespace oid ~prorettype ~provariadic
  pg_publication_namespace oid @pnnspid
  pg_publication_rel oid prrelid
  pg_publication_tables =schemaname
  pg_range rngtypid rngmultitypid ~rngsubtype
  pg_rewrite oid ev_class
  pg_rules =schemaname
  pg_seclabel ?objoid
  pg_seclabels ?objoid @objnamespace
  pg_sequence seqrelid ~seqtypid
  pg_sequences =schemaname
  pg_shdepend ?objid ~?refobjid
  pg_statistic_ext @stxnamespace oid stxrelid
  pg_tables =schemaname
  pg_trigger oid tgrelid tgparentid tgconstraint tgconstrindid ~tgconstrrelid ~tgfoid
  pg_ts_config @cfgnamespace oid ~cfgparser
  pg_ts_config_map mapcfg ~mapdict
  pg_ts_dict @dictnamespace oid ~dicttemplate
  pg_ts_parser @prsnamespace oid
  pg_ts_template @tmplnamespace oid
  pg_type @typnamespace oid typrelid ~typelem ~typarray ~typbasetype ~typcollation
  pg_views =schemaname
`;

/** The views of information_schema, in the same notation. */
const ofInformation = `
  attributes =udt_schema ~=attribute_udt_schema ~=character_set_schema ~=collation_schema ~=scope_schema
  character_sets =character_set_schema ~=default_collate_schema
  check_constraint_routine_usage =constraint_schema ~=specific_schema
  check_constraints =constraint_schema
  collation_character_set_applicability =collation_schema ~=character_set_schema
  collations =collation_schema
  column_column_usage =table_schema
  column_domain_usage =table_schema ~=domain_schema
  column_options =table_schema
  column_privileges =table_schema
  column_udt_usage =table_schema ~=udt_schema
  columns =table_schema ~=udt_schema ~=domain_schema ~=collation_schema ~=character_set_schema ~=scope_schema
  constraint_column_usage =constraint_schema ~=table_schema
  constraint_table_usage =constraint_schema ~=table_schema
  data_type_privileges =object_schema
  domain_constraints =domain_schema =constraint_schema
  domain_udt_usage =domain_schema ~=udt_schema
  domains =domain_schema ~=udt_schema ~=collation_schema ~=character_set_schema ~=scope_schema
  element_types =object_schema ~=udt_schema ~=character_set_schema ~=collation_schema ~=scope_schema
  foreign_table_options =foreign_table_schema
  foreign_tables =foreign_table_schema
  key_column_usage =table_schema =constraint_schema
  parameters =specific_schema ~=udt_schema ~=character_set_schema ~=collation_schema ~=scope_schema
  referential_constraints =constraint_schema ~=unique_constraint_schema
  role_column_grants =table_schema
  role_routine_grants =routine_schema =specific_schema
  role_table_grants =table_schema
  role_udt_grants =udt_schema
  role_usage_grants =object_schema
  routine_column_usage =routine_schema =specific_schema ~=table_schema
  routine_privileges =routine_schema =specific_schema
  routine_routine_usage =specific_schema ~=routine_schema
  routine_sequence_usage =routine_schema =specific_schema ~=sequence_schema
  routine_table_usage =routine_schema =specific_schema ~=table_schema
  routines =routine_schema =specific_schema ~=type_udt_schema ~=module_schema ~=udt_schema ~=character_set_schema ~=collation_schema ~=scope_schema ~=to_sql_specific_schema
  schemata =schema_name ~=default_character_set_schema
  sequences =sequence_schema
  table_constraints =table_schema =constraint_schema
  table_privileges =table_schema
  tables =table_schema ~=user_defined_type_schema
  transforms =udt_schema ~=specific_schema
  triggered_update_columns =trigger_schema =event_object_schema
  triggers =trigger_schema =event_object_schema
  udt_privileges =udt_schema
  usage_privileges =object_schema
  user_defined_types =user_defined_type_schema ~=ordering_routine_schema ~=character_set_schema ~=collation_schema
  view_column_usage =view_schema ~=table_schema
  view_routine_usage =table_schema ~=specific_schema
  view_table_usage =view_schema ~=table_schema
  views =table_schema
`;

/**
 * Catalogs without objects that a tenant's migration can create: reading them gives the same for every tenant. A line
 * that ends in a colon gives the reason.
 */
const ofServer = `
  Roles belong to the whole server:
  pg_auth_members pg_group pg_roles pg_user
  information_schema.administrable_role_authorizations information_schema.applicable_roles
  information_schema.enabled_roles

  Databases and tablespaces belong to the server, and so do their comments:
  pg_database pg_shdescription pg_tablespace information_schema.information_schema_catalog_name

  Settings and time zones belong to the server:
  pg_settings pg_timezone_abbrevs pg_timezone_names

  Extensions are created once per database, before its first tenant:
  pg_available_extension_versions pg_available_extensions pg_extension

  Migrations cannot create these, because they affect the whole database:
  pg_am pg_cast pg_event_trigger pg_foreign_data_wrapper pg_foreign_server pg_language pg_publication pg_transform
  information_schema.foreign_data_wrapper_options information_schema.foreign_data_wrappers
  information_schema.foreign_server_options information_schema.foreign_servers

  Features of the server's version:
  information_schema.sql_features information_schema.sql_implementation_info information_schema.sql_parts
  information_schema.sql_sizing
`;

let catalogs: ReadonlyMap<string, Catalog> | undefined;
let serverWide: ReadonlySet<string> | undefined;

/**
 * The columns by which reads of a built-in relation can be limited to a schema.
 *
 * @param schema `information_schema`; anything else means pg_catalog
 * @returns undefined for a relation that reads the same for every tenant; no columns for an unknown one
 */
export function catalogNamed(name: string, schema: string | undefined): Catalog | undefined {
  const whole = schema === "information_schema" ? `${schema}.${name}` : name;
  serverWide ??= new Set(namesInList(ofServer));
  if (serverWide.has(whole)) return undefined;
  catalogs ??= new Map([
    ...catalogsOf(ofCatalog, ""),
    ...catalogsOf(ofInformation, "information_schema."),
  ]);
  return catalogs.get(whole) ?? unlisted;
}

const unlisted: Catalog = { columns: new Map() };

function catalogsOf(list: string, prefix: string): (readonly [string, Catalog])[] {
  return list
    .trim()
    .split("\n")
    .map((line) => {
      const [name = "", ...columns] = line.trim().split(" ");
      return [`${prefix}${name}`, { columns: new Map(columns.map(columnOf)) }] as const;
    });
}

const kinds = { "=": "name", "@": "namespace", "?": "any", "": "object" } as const;

function columnOf(written: string): [string, CatalogColumn] {
  const [, refers, sign = "", name = ""] = /^(~?)([=@?]?)(\w+)$/.exec(written) ?? [];
  return [name, { kind: kinds[sign as keyof typeof kinds], own: refers === "" }];
}

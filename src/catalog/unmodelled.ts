import type { Session } from "../postgres/session.ts";

/** An object that belongs to a schema, and that `readProperties` does not read, such as an extension. */
export interface UnmodelledObject {
  /** The kind in SQL's words, such as `event trigger`. */
  readonly kind: string;
  readonly name: string;
}

/**
 * The catalogs whose objects `readProperties` reads. Of the others, these are left out knowingly, because they describe a
 * database or a cluster, not a schema: pg_am, pg_database, pg_db_role_setting, pg_event_trigger, pg_extension,
 * pg_foreign_data_wrapper, pg_foreign_server, pg_language, pg_parameter_acl, pg_publication, pg_replication_origin,
 * pg_subscription, pg_tablespace, pg_user_mapping, and those of roles and large objects. The rest hold rows of objects that
 * are read, statistics, or dependencies.
 */
export const readCatalogs: readonly string[] = [
  ...["pg_namespace", "pg_class", "pg_attrdef", "pg_constraint", "pg_trigger", "pg_rewrite"],
  ...["pg_policy", "pg_proc", "pg_type", "pg_cast", "pg_transform", "pg_operator", "pg_opclass"],
  ...["pg_opfamily", "pg_amop", "pg_amproc", "pg_conversion", "pg_collation", "pg_statistic_ext"],
  ...["pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_default_acl"],
  ...["pg_publication_rel", "pg_publication_namespace"],
];

/**
 * The objects of the other catalogs that depend on a schema of $2, or on an object in one, except members of extensions. All
 * searches are by index, whatever the number of schemas: PostgreSQL's own catalogs have the lowest oids, and OFFSET keeps
 * the planner from reading pg_depend as a whole.
 */
const query = `
WITH unread AS MATERIALIZED (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid < 16384 AND c.relkind = 'r'
  AND c.relnamespace = 'pg_catalog'::regnamespace AND c.oid NOT IN (SELECT name::regclass FROM unnest($1::text[]) AS w (name))),
found AS MATERIALIZED (SELECT d.* FROM unread u CROSS JOIN LATERAL (SELECT * FROM pg_catalog.pg_depend d WHERE d.classid = u.oid OFFSET 0) d
  WHERE d.refclassid IN (SELECT name::regclass FROM unnest($1::text[]) AS w (name)) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e' OFFSET 0))
SELECT DISTINCT w.schema, i.type AS kind, i.identity AS name
FROM found d CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0) o
JOIN unnest($2::text[]) AS w (schema) ON pg_catalog.quote_ident(w.schema) = coalesce(o.schema, o.name)
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
WHERE o.schema IS NOT NULL OR o.type = 'schema' ORDER BY 1, 2, 3`;

/**
 * Finds what belongs to schemas and cannot be compared, in any number of schemas: only the catalogs that are not read are
 * searched, and they are small.
 *
 * @returns the objects of each schema that has any
 */
export async function readUnmodelled(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, UnmodelledObject[]>> {
  const rows = await session.query<UnmodelledObject & { readonly schema: string }>(query, [
    ...[readCatalogs, schemas],
  ]);
  const found = new Map<string, UnmodelledObject[]>();
  for (const { schema, kind, name } of rows)
    found.set(schema, [...(found.get(schema) ?? []), { kind, name }]);
  return found;
}

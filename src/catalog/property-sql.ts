/**
 * Privileges as a map from role to privileges, without who granted them. `(owner)` and `(tenant)` stand for roles that have
 * other names elsewhere. A NULL means the same as the default privileges.
 *
 * @param kind the kind of object, as acldefault takes it
 * @param acl the column
 * @param owner the owner's oid
 */
export function privileges(kind: string, acl: string, owner: string): string {
  return privilegesIn(`aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner})))`, owner);
}

export function privilegesIn(exploded: string, owner: string): string {
  return `(SELECT jsonb_object_agg(grantee, granted) FROM (
    SELECT CASE WHEN e.grantee = 0 THEN 'PUBLIC' WHEN e.grantee = ${owner} THEN '(owner)'
        WHEN pg_get_userbyid(e.grantee) = o.tenant_role THEN '(tenant)' ELSE pg_get_userbyid(e.grantee) END AS grantee,
      string_agg(e.privilege_type || CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY e.privilege_type) AS granted
    FROM ${exploded} e GROUP BY 1) g)`;
}

export function comment(catalog: string, oid: string, column = "0"): string {
  return `(SELECT d.description FROM pg_description d WHERE d.classoid = 'pg_catalog.${catalog}'::regclass AND d.objoid = ${oid} AND d.objsubid = ${column})`;
}

/**
 * A SELECT of objects. Properties that are NULL are left out.
 *
 * @param row the catalog and the oid of each object's row, if it has one; see `ObjectKey`
 */
export function objects(
  kind: string,
  name: string,
  of: string,
  properties: Readonly<Record<string, string>>,
  from: string,
  row?: readonly [catalog: string, oid: string],
): string {
  const pairs = Object.entries(properties).map(([key, sql]) => `'${key}', ${sql}`);
  const key = row === undefined ? "NULL" : `'${row[0]}:' || ${row[1]}`;
  return `SELECT o.schema, ${key} AS key, ${kind} AS kind, ${name} AS name, ${of} AS of, jsonb_strip_nulls(jsonb_build_object(${pairs.join(", ")})) AS properties FROM ${from}`;
}

export const owner = (column: string) => `pg_get_userbyid(${column})`;

/** True for an object that does not belong to an extension. */
export const own = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

export const tableOf = "quote_ident(o.relname)";
export const partOf = (name: string) => `quote_ident(o.relname) || '.' || quote_ident(${name})`;

/** The comment on an object, and its security labels. Without labels in the database, these are not looked for. */
export const remarks = (catalog: string, oid: string, column = "0") => ({
  comment: comment(catalog, oid, column),
  "security labels": `CASE WHEN (SELECT EXISTS (SELECT FROM pg_seclabel)) THEN (SELECT jsonb_object_agg(s.provider, s.label)
    FROM pg_seclabel s WHERE s.classoid = 'pg_catalog.${catalog}'::regclass AND s.objoid = ${oid} AND s.objsubid = ${column}) END`,
});

/** The tablespace of a relation that is not in the database's own. */
export const tablespace = (oid: string) =>
  `CASE WHEN ${oid} <> 0 THEN (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = ${oid}) END`;

/** An array of storage parameters, such as `fillfactor=70`. */
export const options = (array: string) =>
  `CASE WHEN ${array} IS NOT NULL THEN (SELECT string_agg(r, ', ' ORDER BY r) FROM unnest(${array}) r WHERE r NOT LIKE 'pg\\_%') END`;

/** The options of a foreign table or of its columns. */
export const foreignOptions = (array: string) =>
  `(SELECT string_agg(quote_ident(f.option_name) || ' ' || quote_literal(f.option_value), ', ' ORDER BY f.option_name)
    FROM pg_options_to_table(${array}) f)`;

/** A function that an object can lack. */
export const optionalFunction = (column: string) => `nullif(${column}::oid, 0)::regproc::text`;

/** A name with its schema, unless that is pg_catalog. */
export const qualified = (schema: string, name: string) =>
  `CASE WHEN ${schema} = 'pg_catalog' THEN quote_ident(${name}) ELSE format('%I.%I', ${schema}, ${name}) END`;

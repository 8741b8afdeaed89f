import type { DatabaseAddress } from "../core/database.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { type Session, withSession } from "../postgres/session.ts";
import { migratorUser, superuser } from "./roles.ts";

const migrator = quoteIdentifier(migratorUser);

/** Excludes system objects, and members of extensions, which the superuser continues to own. */
const isOurs = (catalog: string, namespace: string) =>
  `n.oid = o.${namespace} AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;

/** Kinds of objects that `pg_identify_object` names as ALTER does. */
const identified = [
  ["pg_proc", "proowner", "pronamespace"],
  ["pg_collation", "collowner", "collnamespace"],
  ["pg_conversion", "conowner", "connamespace"],
  ["pg_operator", "oprowner", "oprnamespace"],
  ["pg_opclass", "opcowner", "opcnamespace"],
  ["pg_opfamily", "opfowner", "opfnamespace"],
  ["pg_statistic_ext", "stxowner", "stxnamespace"],
  ["pg_ts_config", "cfgowner", "cfgnamespace"],
  ["pg_ts_dict", "dictowner", "dictnamespace"],
] as const;

/** What the superuser owns in a database, written as ALTER needs it. */
const owned = [
  `SELECT 'SCHEMA ' || quote_ident(o.nspname) AS object FROM pg_namespace o, pg_namespace n
   WHERE o.nspowner = $owner AND ${isOurs("pg_namespace", "oid")}`,
  // Indexes, and sequences that a column owns, follow their table.
  `SELECT CASE o.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' WHEN 'f' THEN 'FOREIGN TABLE '
     WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || o.oid::regclass FROM pg_class o, pg_namespace n
   WHERE o.relowner = $owner AND o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${isOurs("pg_class", "relnamespace")}
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid AND o.relkind = 'S'
       AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))`,
  // A row type follows its table, an array type its element type, and a multirange type its range type.
  `SELECT 'TYPE ' || o.oid::regtype FROM pg_type o LEFT JOIN pg_class c ON c.oid = o.typrelid, pg_namespace n
   WHERE o.typowner = $owner AND o.typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = o.oid) AND (c.oid IS NULL OR c.relkind = 'c')
     AND ${isOurs("pg_type", "typnamespace")}`,
  ...identified.map(
    ([catalog, owner, namespace]) =>
      `SELECT CASE i.type WHEN 'statistics object' THEN 'STATISTICS' ELSE upper(i.type) END || ' ' || i.identity
       FROM ${catalog} o CROSS JOIN LATERAL pg_identify_object('${catalog}'::regclass, o.oid, 0) AS i, pg_namespace n
       WHERE o.${owner} = $owner AND ${isOurs(catalog, namespace)}`,
  ),
]
  .join("\nUNION ALL ")
  .replaceAll("$owner", `${quoteLiteral(superuser)}::regrole`);

/** Default privileges apply to objects that a role creates: the migrating role gets those of the superuser. */
const defaults = `SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator}%s GRANT %s ON %s TO %s',
    CASE WHEN n.oid IS NULL THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END, g.privilege_type,
    CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
    CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END) AS statement
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace CROSS JOIN aclexplode(d.defaclacl) AS g
  WHERE d.defaclrole = ${quoteLiteral(superuser)}::regrole AND g.grantee <> d.defaclrole`;

/** Tenant roles that the superuser created: since PostgreSQL 16, changing a role requires the ADMIN option on it. */
const ownRoles = `SELECT format('GRANT %I TO ${migrator} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', rolname) AS statement
  FROM pg_roles WHERE oid >= 16384 AND NOT rolcanlogin AND NOT rolsuper AND current_setting('server_version_num')::integer >= 160000`;

/**
 * Gives the migrating role a database that an earlier version created as superuser, and all objects in it. The owner
 * of the database itself changes last: after an interruption, the next command starts again.
 *
 * @param session the superuser's, on any database
 * @param address the database, as the superuser
 */
export async function transferOwnership(session: Session, address: DatabaseAddress): Promise<void> {
  await withSession(address, { waitMs: 5_000 }, async (inside) => {
    const body = `DECLARE one record;
BEGIN
  FOR one IN ${owned} LOOP EXECUTE 'ALTER ' || one.object || ' OWNER TO ${migrator}'; END LOOP;
  FOR one IN ${defaults} UNION ALL ${ownRoles} LOOP EXECUTE one.statement; END LOOP;
END`;
    await inside.script(
      `BEGIN;\nSET LOCAL search_path = pg_catalog;\nDO ${quoteLiteral(body)};\nCOMMIT`,
    );
  });
  await session.query(`ALTER DATABASE ${quoteIdentifier(address.name)} OWNER TO ${migrator}`);
}

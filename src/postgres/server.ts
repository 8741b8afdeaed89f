import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "./session.ts";

/** The state of a server, its database and the session's role, read in one query. */
export interface Server {
  /** The session's role. */
  readonly role: string;
  /** The database's name on the server, which can differ from its name in the configuration. */
  readonly database: string;
  /** The server's clock. */
  readonly time: Date;
  /** Identifies a database, independently of the host name and port used to connect. */
  readonly identity: string;
  /** As `server_version_num`: 150020 for 15.20. */
  readonly version: number;
  readonly versionText: string;
  /** True for a standby, which is read-only. */
  readonly standby: boolean;
  /** Whether transactions can write by default (`default_transaction_read_only`). */
  readonly writable: boolean;
  /** Whether the role can create schemas in the database. */
  readonly mayCreate: boolean;
  /** Functions that a rollout calls and the role cannot execute, with their argument types. */
  readonly forbidden: readonly string[];
  /**
   * The number of connections that the role can still open to the database, at least 1. The current session counts as
   * free.
   */
  readonly room: number;
}

/** The share of max_connections to leave to applications. */
const reservedShare = 0.05;

/** Functions of pg_catalog that a rollout calls. PUBLIC can execute them by default. */
const requiredFunctions = [
  "pg_logical_emit_message",
  "pg_try_advisory_xact_lock",
  "pg_try_advisory_lock",
  "pg_advisory_unlock",
  "pg_advisory_unlock_all",
  "set_config",
];

/**
 * Reads what a rollout must know about a server. The room for connections is the limit of the server, the database or
 * the role, less the connections in use, the reserved ones (superuser_reserved_connections, reserved_connections),
 * and a twentieth that is left to applications.
 */
export async function readServerState(session: Session): Promise<Server> {
  const [row] = await session.query<Server & { readonly room: number }>(
    `WITH used AS (
       SELECT sum(numbackends) AS server, sum(numbackends) FILTER (WHERE datname = current_database()) AS database,
         (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = session_user) AS role
       FROM pg_catalog.pg_stat_database
     ), allowed AS (
       SELECT current_setting('max_connections')::integer AS server,
         current_setting('superuser_reserved_connections')::integer
           + coalesce(current_setting('reserved_connections', true)::integer, 0) AS reserved,
         nullif(d.datconnlimit, -1) AS database, d.oid,
         (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles WHERE rolname = session_user) AS role
       FROM pg_catalog.pg_database d WHERE d.datname = current_database()
     )
     SELECT pg_catalog.clock_timestamp() AS time, current_user::text AS role, current_database()::text AS database,
       a.oid::text || ' ' || extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text AS identity,
       current_setting('server_version_num')::integer AS version, current_setting('server_version') AS "versionText",
       pg_catalog.pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') = 'off' AS writable,
       has_database_privilege(a.oid, 'CREATE') AS "mayCreate",
       ARRAY(SELECT p.oid::regprocedure::text FROM pg_catalog.pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY($2)
           AND NOT has_function_privilege(p.oid, 'EXECUTE')) AS forbidden,
       (least(a.server - a.reserved - ceil(a.server * $1::float8) - u.server, a.database - u.database, a.role - u.role)
         + 1)::integer AS room FROM used u, allowed a`,
    [reservedShare, requiredFunctions],
  );
  if (row === undefined) throw new Error("the server did not report its state");
  return { ...row, room: Math.max(1, row.room) };
}

/** The oldest supported PostgreSQL, as `server_version_num`. */
const oldestVersion = 150_000;

/**
 * Refuses a server on which no target can be changed.
 *
 * @throws FleetError `config` that lists every reason, with the SQL that fixes it
 */
export function refuseUnusableServer(address: DatabaseAddress, server: Server): void {
  const place = `database "${address.name}" at ${locationOf(address)}`;
  const { role, database, version, versionText, standby, writable, forbidden } = server;
  const refuse = (message: string, remedy: string) =>
    new FleetError("config", message, { remedy: `Nothing was changed. ${remedy}` });
  const problems = [
    ...(version < oldestVersion
      ? [
          refuse(
            `${place} runs PostgreSQL ${versionText}, but drizzle-fleet requires ${oldestVersion / 10_000} or later`,
            "Upgrade the server.",
          ),
        ]
      : []),
    ...(standby
      ? [
          refuse(
            `${place} is a standby, which is read-only (pg_is_in_recovery)`,
            "Use the URL of the primary. A reader endpoint connects to standbys.",
          ),
        ]
      : []),
    ...(standby || writable
      ? []
      : [
          refuse(
            `${place} is read-only for role ${role} (default_transaction_read_only = on)`,
            `Hosting providers enable it when the disk is nearly full: in that case, free up space first. Otherwise, to disable it for this role, run: ALTER ROLE ${quoteIdentifier(role)} IN DATABASE ${quoteIdentifier(database)} SET default_transaction_read_only = off;`,
          ),
        ]),
    ...forbidden.map((name) =>
      refuse(
        `${place}: role ${role} has no permission to execute ${name}`,
        `To grant it, run as the function's owner: GRANT EXECUTE ON FUNCTION pg_catalog.${name} TO ${quoteIdentifier(role)};`,
      ),
    ),
  ];
  throwProblems(problems, `${place} cannot be used`);
}

/** A tenant schema in which the role lacks a privilege that a rollout needs. */
export interface InsufficientSchema {
  readonly schema: string;
  /** False if the role cannot write to the ledger. */
  readonly ledger: boolean;
  /** False if the role cannot create objects in the schema. */
  readonly create: boolean;
  /** Objects of roles that this role is not a member of. */
  readonly foreign: readonly ForeignObject[];
}

/** A table, view, sequence, enum or domain of another owner. */
interface ForeignObject {
  /** The SQL keyword: `TABLE`, `MATERIALIZED VIEW`. */
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
}

/**
 * Finds the tenant schemas in which the role lacks a privilege that a rollout needs.
 *
 * @param schemas unquoted names
 * @param ledger the name of their ledger tables
 */
export function findInsufficientSchemas(
  session: Session,
  schemas: readonly string[],
  ledger: string,
): Promise<InsufficientSchema[]> {
  return session.query<InsufficientSchema>(
    `WITH members AS MATERIALIZED (SELECT oid FROM pg_catalog.pg_roles WHERE NOT pg_has_role(oid, 'USAGE')),
     objects AS (
       SELECT relnamespace AS namespace, relname AS name, relowner AS owner,
         CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
       FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       UNION ALL SELECT typnamespace, typname, typowner, 'TYPE' FROM pg_catalog.pg_type WHERE typtype IN ('e', 'd')
     ), others AS (
       SELECT o.namespace, jsonb_agg(jsonb_build_object('kind', o.kind, 'name', o.name, 'owner', pg_get_userbyid(o.owner))
         ORDER BY o.name) AS objects
       FROM objects o JOIN members m ON m.oid = o.owner
       JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace WHERE n.nspname = ANY($1) GROUP BY o.namespace
     ), asked AS (
       SELECT n.nspname::text AS schema, coalesce(o.objects, '[]') AS "foreign", has_schema_privilege(n.oid, 'CREATE') AS "create",
         l.oid IS NULL OR (has_table_privilege(l.oid, 'INSERT') AND has_table_privilege(l.oid, 'UPDATE')) AS ledger
       FROM pg_catalog.pg_namespace n LEFT JOIN others o ON o.namespace = n.oid
       LEFT JOIN pg_catalog.pg_class l ON l.relnamespace = n.oid AND l.relname = $2 AND l.relkind = 'r'
       WHERE n.nspname = ANY($1)
     ) SELECT * FROM asked WHERE NOT ledger OR NOT "create" OR "foreign" <> '[]'`,
    [schemas, ledger],
  );
}

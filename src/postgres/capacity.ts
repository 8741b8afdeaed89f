import type { Session } from "./session.ts";

/** Connections that are left to others, as a share of max_connections. */
const leftToOthers = 0.05;

/**
 * How many connections the session's role may still open to the session's database: what the server, the
 * database and the role allow, less what is in use, less what is reserved (superuser_reserved_connections,
 * reserved_connections), and less a twentieth that is left to the applications. The asking session counts as free.
 *
 * @returns at least 1
 */
export async function roomFor(session: Session): Promise<number> {
  const [row] = await session.query<{ room: number }>(
    `WITH used AS (
       SELECT sum(numbackends) AS server, sum(numbackends) FILTER (WHERE datname = current_database()) AS database,
         (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = session_user) AS role
       FROM pg_catalog.pg_stat_database
     ), allowed AS (
       SELECT current_setting('max_connections')::integer AS server,
         current_setting('superuser_reserved_connections')::integer
           + coalesce(current_setting('reserved_connections', true)::integer, 0) AS reserved,
         (SELECT nullif(datconnlimit, -1) FROM pg_catalog.pg_database WHERE datname = current_database()) AS database,
         (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles WHERE rolname = session_user) AS role
     )
     SELECT (least(a.server - a.reserved - ceil(a.server * $1::float8) - u.server, a.database - u.database, a.role - u.role)
       + 1)::integer AS room FROM used u, allowed a`,
    [leftToOthers],
  );
  return Math.max(1, row?.room ?? 1);
}

import { counted, shortList } from "../core/count.ts";
import type { PreflightObstacle } from "../core/preflight.ts";
import { duration } from "../core/time.ts";
import type { Session } from "../postgres/session.ts";
import { conflictingModes, type Effect } from "./effects.ts";
import { obstacleIn } from "./server.ts";

interface Holder {
  readonly pid: number | null;
  readonly gid: string | null;
  readonly user: string | null;
  readonly application: string | null;
  readonly state: string | null;
  /** Null if it is hidden from the role. */
  readonly ageMs: number | null;
  readonly tables: readonly string[];
  readonly schemas: readonly string[];
}

/**
 * Finds sessions whose transactions hold locks that pending statements wait for. Autovacuum gives way, and transactions that
 * are younger than the lock timeout may well end in time.
 *
 * @param locked the tables that pending statements lock, with the strongest mode on each
 * @param lockMs how long a migration waits for a lock, in milliseconds; 0 for no limit
 */
export async function findLockHolders(
  session: Session,
  database: string,
  schemas: readonly string[],
  locked: ReadonlyMap<string, Effect>,
  lockMs: number,
): Promise<PreflightObstacle[]> {
  const wanted = [...locked.values()].flatMap(({ table, mode }) =>
    conflictingModes(mode).map((held) => ({
      name: table.name,
      place: table.schema ?? null,
      mode: held,
    })),
  );
  if (schemas.length === 0 || wanted.length === 0) return [];
  const holders = await session.query<Holder & Record<string, unknown>>(
    `SELECT l.pid, p.gid, coalesce(a.usename, p.owner)::text AS "user", a.application_name AS application, a.state,
       (date_part('epoch', pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000)::float8 AS "ageMs",
       array_agg(DISTINCT c.relname::text) AS tables, array_agg(DISTINCT n.nspname::text) AS schemas
     FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN jsonb_to_recordset($2::jsonb) AS w(name text, place text, mode text)
         ON w.name = c.relname AND w.mode = l.mode AND (n.nspname = w.place OR (w.place IS NULL AND n.nspname = ANY($1)))
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
       LEFT JOIN pg_catalog.pg_locks t ON l.pid IS NULL AND t.virtualtransaction = l.virtualtransaction AND t.locktype = 'transactionid'
       LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = t.transactionid
     WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
       AND a.backend_type IS DISTINCT FROM 'autovacuum worker' AND a.application_name IS DISTINCT FROM 'drizzle-fleet'
     GROUP BY 1, 2, 3, 4, 5, 6`,
    [schemas, JSON.stringify(wanted)],
  );
  const make = obstacleIn(database);
  return holders
    .filter(({ ageMs }) => ageMs === null || ageMs > lockMs)
    .map((holder) => make("error", "lock", holderText(holder), remedyFor(holder)));
}

function holderText({
  pid,
  gid,
  user,
  application,
  state,
  ageMs,
  tables,
  schemas,
}: Holder): string {
  const named = application === null || application === "" ? "" : ` (${application})`;
  const who =
    pid === null
      ? `prepared transaction ${gid ?? ""} of ${user ?? "an unknown role"}`
      : `${state === "idle in transaction" ? "idle transaction" : "transaction"} of ${user ?? "an unknown role"}${named}, pid ${pid},`;
  const since = ageMs === null ? "" : ` for ${duration(Math.round(ageMs))}`;
  const places = schemas.length === 1 ? `schema ${schemas[0]}` : counted(schemas.length, "schema");
  return `${who} has locked ${shortList(tables)} of ${places}${since}`;
}

function remedyFor({ pid, gid }: Holder): string {
  return pid === null
    ? `End it with COMMIT PREPARED or ROLLBACK PREPARED '${gid ?? ""}'.`
    : `Wait until it has ended, or end it with SELECT pg_terminate_backend(${pid}).`;
}

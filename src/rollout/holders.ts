import type { LockHolder } from "../core/outcome.ts";
import { quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { lockKey } from "../postgres/lock.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { StepError } from "./pipeline.ts";
import { shortLine } from "./short-line.ts";

/** How many holders are looked up, and how many are reported. */
const most = { looked: 20, reported: 3 };

/** PostgreSQL's table-level lock modes, weakest first. */
const modes = `ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
  'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']`;

const who = `a.pid, NULL::text AS gid, coalesce(a.usename::text, '') AS user, a.application_name AS application, a.query,
  coalesce(a.xact_start, a.backend_start) AS since`;

const whoPrepared = `0 AS pid, p.gid, p.owner::text AS user, '' AS application, '' AS query, p.prepared AS since`;

interface HolderRow extends Omit<LockHolder, "since" | "gid"> {
  readonly gid: string | null;
  readonly since: Date | null;
}

/** The schemas in which a statement may have waited for a lock. */
export interface LockPlace {
  readonly target: Target;
  /** Schemas besides the tenant schema that the target's migrations can use. */
  readonly sharedSchemas: readonly string[];
}

/**
 * Looks up who held the lock that a statement waited for. PostgreSQL's error does not name the holder, and the wait is over,
 * so these are the sessions and prepared transactions that now hold locks on the tenant's tables and on shared ones; those
 * on tables that the statement names come first. Statements that run alone also wait for old transactions.
 *
 * @returns at most 20; none if the query fails, so that its error does not hide the failure itself
 */
export async function holdersOf(
  session: Session,
  place: LockPlace,
  error: unknown,
): Promise<LockHolder[]> {
  const cause = error instanceof StepError ? error.cause : error;
  const state = sqlstateOf(cause);
  const statement = error instanceof StepError ? error.statement : undefined;
  const find = async (): Promise<HolderRow[]> => {
    const isLocked = state === sqlstate.targetLocked;
    if (!isLocked && state !== sqlstate.lockNotAvailable && state !== sqlstate.queryCanceled)
      return [];
    await session.query(session.restoreSettings);
    if (isLocked) return holdersOfTarget(session, place.target);
    const rows = await holdersOfRelations(session, place, statement?.original ?? "");
    return rows.length === 0 && statement?.transactional === false
      ? oldTransactions(session)
      : rows;
  };
  const rows = session.lost ? [] : await find().catch(() => []);
  return rows.map(holderIn);
}

/** The holders to report. */
export function mostImportant(holders: readonly LockHolder[]): readonly LockHolder[] {
  return holders.slice(0, most.reported);
}

/** The sessions that block a process, in the form of `holdersOf`. */
export async function holdersAmong(
  session: Session,
  blockers: readonly number[],
): Promise<LockHolder[]> {
  const rows = await session.query<HolderRow>(
    `SELECT ${who}, 'a lock that the migration needs' AS holds FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY($1)
     LIMIT ${most.reported}`,
    [blockers],
  );
  return rows.map(holderIn);
}

function holderIn({ since, gid, query, ...rest }: HolderRow): LockHolder {
  return {
    ...rest,
    ...(gid === null
      ? { query: shortLine(withoutLiterals(query)) }
      : { gid, query: `to end it: COMMIT PREPARED ${quoteLiteral(gid)}, or ROLLBACK PREPARED` }),
    // Hidden from roles that lack pg_read_all_stats.
    ...(since === null ? {} : { since: since.toISOString() }),
  };
}

/** The statement of another session may contain passwords or customer data, so its literals are removed. */
function withoutLiterals(sql: string): string {
  return sql
    .replace(/\$(\w*)\$[\s\S]*?(\$\1\$|$)/g, "'...'")
    .replace(/'(?:[^']|'')*('|$)/g, "'...'");
}

/** Locks of a prepared transaction have no process. One of them is on its transaction id. */
function holdersOfRelations(
  session: Session,
  { target: { schema }, sharedSchemas }: LockPlace,
  statement: string,
): Promise<HolderRow[]> {
  return session.query<HolderRow>(
    `WITH held AS (
       SELECT l.pid, l.virtualtransaction, l.mode, c.relname,
         CASE WHEN n.nspname = $1 THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
       FROM pg_catalog.pg_locks l
       JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
       WHERE l.locktype = 'relation' AND l.granted AND (n.nspname = $1 OR n.nspname = ANY($2))
         AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
     ), holders AS (
       SELECT ${who}, h.mode, h.relname, h.name FROM held h JOIN pg_catalog.pg_stat_activity a ON a.pid = h.pid
       UNION ALL
       SELECT ${whoPrepared}, h.mode, h.relname, h.name FROM held h
       JOIN pg_catalog.pg_locks x ON h.pid IS NULL AND x.pid IS NULL AND x.virtualtransaction = h.virtualtransaction
       JOIN pg_catalog.pg_prepared_xacts p ON x.locktype = 'transactionid' AND x.transactionid = p.transaction
     )
     SELECT pid, gid, "user", application, query, since, string_agg(DISTINCT mode || ' on ' || name, ', ') AS holds
     FROM holders GROUP BY 1, 2, 3, 4, 5, 6
     ORDER BY bool_or(strpos($3, relname) > 0) DESC, max(array_position(${modes}, mode)) DESC, since
     LIMIT ${most.looked}`,
    [schema, sharedSchemas, statement],
  );
}

function holdersOfTarget(session: Session, { schema }: Target): Promise<HolderRow[]> {
  return session.query<HolderRow>(
    `SELECT ${who}, 'the lock of this target' AS holds
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_catalog.pg_backend_pid()
       AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint LIMIT ${most.reported}`,
    [lockKey(schema)],
  );
}

function oldTransactions(session: Session): Promise<HolderRow[]> {
  return session.query<HolderRow>(
    `SELECT ${who}, 'a transaction that it waits for' AS holds FROM pg_catalog.pg_stat_activity a
     WHERE a.datname = current_database() AND a.backend_xmin IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
     UNION ALL
     SELECT ${whoPrepared}, 'a transaction that it waits for' FROM pg_catalog.pg_prepared_xacts p
     WHERE p.database = current_database()
     ORDER BY since LIMIT ${most.reported}`,
  );
}

import type { LockHolder } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { lockKey } from "../postgres/lock.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { StepError } from "./message.ts";
import { oneLine } from "./one-line.ts";

/** So many sessions are named at most. */
const most = 3;

/** PostgreSQL's table-level lock modes, weakest first. */
const modes = `ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
  'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']`;

const who = `a.pid, coalesce(a.usename::text, '') AS user, a.application_name AS application, a.query,
  coalesce(a.xact_start, a.backend_start) AS since`;

type Row = Omit<LockHolder, "since"> & { readonly since: Date | null };

/**
 * Looks, just after a statement gave up waiting, for who holds what it may have waited for. PostgreSQL does not
 * say it in its error, and the waiting is over: so it is whoever holds locks on the tenant's tables now, first of
 * all on those that the statement names. Statements that run alone also wait for old transactions.
 *
 * @returns at most three sessions; none when they cannot be found, which must not hide the failure itself
 */
export async function holdersOf(
  session: Session,
  target: Target,
  error: unknown,
): Promise<LockHolder[]> {
  const cause = error instanceof StepError ? error.cause : error;
  const state = sqlstateOf(cause);
  const statement = error instanceof StepError ? error.statement : undefined;
  const find = async (): Promise<Row[]> => {
    const isLocked = state === sqlstate.targetLocked;
    if (!isLocked && state !== sqlstate.lockNotAvailable && state !== sqlstate.queryCanceled)
      return [];
    await session.query(session.ownSettings);
    if (isLocked) return holdersOfTarget(session, target);
    const rows = await holdersOfRelations(session, target, statement?.original ?? "");
    return rows.length === 0 && statement?.transactional === false
      ? oldTransactions(session)
      : rows;
  };
  const rows = session.lost ? [] : await find().catch(() => []);
  return rows.map(({ since, query, ...rest }) => ({
    ...rest,
    query: oneLine(withoutLiterals(query)),
    // Hidden from other roles, unless they may read all statistics.
    ...(since === null ? {} : { since: since.toISOString() }),
  }));
}

/** Somebody else's statement may hold a password, or rows of a customer; its shape is what helps. */
function withoutLiterals(sql: string): string {
  return sql
    .replace(/\$(\w*)\$[\s\S]*?(\$\1\$|$)/g, "'...'")
    .replace(/'(?:[^']|'')*('|$)/g, "'...'");
}

function holdersOfRelations(
  session: Session,
  { schema }: Target,
  statement: string,
): Promise<Row[]> {
  return session.query<Row>(
    `SELECT ${who}, string_agg(DISTINCT l.mode || ' on ' || c.relname, ', ') AS holds
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'relation' AND l.granted AND n.nspname = $1 AND l.pid <> pg_catalog.pg_backend_pid()
     GROUP BY a.pid, a.usename, a.application_name, a.query, a.xact_start, a.backend_start
     ORDER BY bool_or(strpos($2, c.relname) > 0) DESC, max(array_position(${modes}, l.mode)) DESC, since
     LIMIT ${most}`,
    [schema, statement],
  );
}

function holdersOfTarget(session: Session, { schema }: Target): Promise<Row[]> {
  return session.query<Row>(
    `SELECT ${who}, 'the lock of this target' AS holds
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_catalog.pg_backend_pid()
       AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint LIMIT ${most}`,
    [lockKey(schema)],
  );
}

function oldTransactions(session: Session): Promise<Row[]> {
  return session.query<Row>(
    `SELECT ${who}, 'a transaction that it waits for' AS holds FROM pg_catalog.pg_stat_activity a
     WHERE a.datname = current_database() AND a.backend_xmin IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
     ORDER BY a.xact_start LIMIT ${most}`,
  );
}

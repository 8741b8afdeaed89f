import type { QueryResultRow } from "pg";
import { sqlstate, sqlstateOf } from "./sqlstate.ts";

/** A server's process for one session. The start time distinguishes it from a later process with the same id. */
export interface Backend {
  readonly pid: number;
  /** Seconds since 1970, by the server's clock, as text. */
  readonly startedAt: string;
}

/** What a new session must know about its server. */
export interface Greeting {
  readonly backend: Backend;
  /** Settings for every transaction of the session. */
  readonly settings: ReadonlyMap<string, string>;
  /** `standard_conforming_strings`. */
  readonly strings: string;
  /** `session_replication_role`: any value but `origin` disables triggers and foreign keys. */
  readonly replication: string;
}

/**
 * How often the server checks for its client while a statement runs. Otherwise it would not notice that the client
 * was killed.
 */
const clientCheck = ["client_connection_check_interval", "5s"] as const;

/** From this version on, a role or a database can have a time limit for transactions, which is disabled here. */
const transactionTimeout = { since: 170_000, setting: ["transaction_timeout", "0"] } as const;

interface GreetingRow {
  readonly backend: number;
  /** Null if a superuser configured PostgreSQL not to track it. */
  readonly since: string | null;
  /** As `server_version_num`: 150004 for 15.4. */
  readonly version: number;
  readonly strings: string;
  readonly replication: string;
}

/** Used if the answer has no row. */
const noRow: GreetingRow = {
  backend: 0,
  since: null,
  version: 0,
  strings: "on",
  replication: "origin",
};

type RunQuery = <Row extends QueryResultRow>(
  sql: string,
  values?: readonly unknown[],
) => Promise<Row[]>;

/**
 * Reads what a new session must know, and applies drizzle-fleet's own settings, in one query.
 *
 * @param restoreSettings a query that applies these settings, see `setToolSettings`
 */
export async function readGreeting(query: RunQuery, restoreSettings: string): Promise<Greeting> {
  const select = `SELECT pg_catalog.pg_backend_pid() AS backend, (SELECT extract(epoch FROM backend_start)::text
        FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())) AS since,
      pg_catalog.current_setting('server_version_num')::integer AS version,
      pg_catalog.current_setting('standard_conforming_strings') AS strings,
      pg_catalog.current_setting('session_replication_role') AS replication, (${restoreSettings})`;
  const rows = await query<GreetingRow>(
    `${select}, pg_catalog.set_config($1, $2, true)`,
    clientCheck,
  ).catch((error: unknown) => {
    // Unknown before PostgreSQL 14, and rejected where the server's platform cannot detect a closed socket.
    const state = sqlstateOf(error);
    if (state !== sqlstate.undefinedObject && state !== sqlstate.invalidParameterValue) throw error;
    return undefined;
  });
  const [row = noRow] = rows ?? (await query<GreetingRow>(select));
  const { backend, since, version, strings, replication } = row;
  return {
    backend: { pid: backend, startedAt: since ?? "" },
    settings: new Map([
      ...(rows === undefined ? [] : [clientCheck]),
      ...(version >= transactionTimeout.since ? [transactionTimeout.setting] : []),
    ]),
    strings,
    replication,
  };
}

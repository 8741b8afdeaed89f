import { FleetError, messageOf } from "../core/errors.ts";
import { countLimit } from "../core/preflight.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill, type Template } from "../core/template.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import type { Assertion } from "./assertion.ts";

/** The assertions of a target, which it shares with others. */
export interface AssertedTarget {
  readonly target: Target;
  readonly assertions: readonly Assertion[];
  /** Schemas that follow the tenant schema on the search_path. */
  readonly sharedSchemas: readonly string[];
}

/** What an assertion found in a target: rows that are in the way, or why it could not be checked. */
export interface Finding {
  readonly target: Target;
  readonly assertion: Assertion;
  /** From 1 to `countLimit`; null if the statement would fail before it looks at a row. */
  readonly rows: number | null;
  /** The server's message, if the query failed. */
  readonly message?: string;
  /** True if it is not known whether the statement would fail. */
  readonly isUnknown?: boolean;
}

/** How the assertions of a database are run. */
export interface RunOptions {
  /** How many connections to use at the same time, from 1. */
  readonly concurrency: number;
  /** How long one query may run, in milliseconds; 0 for no limit. */
  readonly statementMs: number;
  readonly lockMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Gives `use` a new session in the database. */
  readonly withSession: <Result>(use: (session: Session) => Promise<Result>) => Promise<Result>;
  /** Called with the number of targets that were checked since the last call. */
  readonly onProgress: (targets: number) => void;
}

/** How many targets are checked with one message. */
const batchSize = 25;

/**
 * Runs the assertions of the targets of one database: read-only, each target in a transaction of its own, so that no lock
 * and no snapshot is held for longer than its queries take.
 *
 * @throws FleetError `interrupted` if the run is interrupted
 */
export async function runAssertions(
  targets: readonly AssertedTarget[],
  options: RunOptions,
): Promise<Finding[]> {
  const busy = targets.filter(({ assertions }) => assertions.length > 0);
  options.onProgress(targets.length - busy.length);
  const batches: AssertedTarget[][] = [];
  for (let from = 0; from < busy.length; from += batchSize)
    batches.push(busy.slice(from, from + batchSize));
  const findings: Finding[] = [];
  const work = () =>
    options.withSession(async (session) => {
      const version = await versionOf(session);
      const cancel = () => void session.cancel().catch(() => undefined);
      options.signal?.addEventListener("abort", cancel);
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        refuseInterrupted(options.signal);
        findings.push(...(await runBatch({ session, version, options }, batch)));
        options.onProgress(batch.length);
      }
      options.signal?.removeEventListener("abort", cancel);
    });
  const connections = Math.min(options.concurrency, batches.length);
  await Promise.all(Array.from({ length: connections }, work));
  return findings;
}

export function refuseInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new FleetError("interrupted", "interrupted", { remedy: "Nothing was changed." });
}

interface Runner {
  readonly session: Session;
  /** The major version of PostgreSQL. */
  readonly version: number;
  readonly options: RunOptions;
}

async function versionOf(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::integer / 10000 AS version",
  );
  return row?.version ?? 0;
}

async function runBatch(runner: Runner, batch: readonly AssertedTarget[]): Promise<Finding[]> {
  const asked = batch.map((one) => {
    const { assertions } = one;
    const asks = assertions.map((assertion) => ({
      assertion,
      query: queryFor(assertion, runner.version),
    }));
    return { ...one, asks };
  });
  const unasked = asked.flatMap(({ target, asks }) =>
    asks.flatMap(({ assertion, query }): Finding[] =>
      query === undefined
        ? [
            {
              target,
              assertion,
              rows: null,
              isUnknown: true,
              message: "it needs PostgreSQL 16 or later",
            },
          ]
        : [],
    ),
  );
  const possible = asked.map(({ target, sharedSchemas, asks }) => ({
    ...{ target, sharedSchemas },
    asks: asks.flatMap(({ assertion, query }) => (query === undefined ? [] : { assertion, query })),
  }));
  return [...unasked, ...(await ask(runner, possible))];
}

function queryFor({ query, before16 = query }: Assertion, version: number): Template | undefined {
  if (version >= 16) return query;
  return before16 === "none" ? undefined : before16;
}

interface Asked {
  readonly target: Target;
  readonly sharedSchemas: readonly string[];
  readonly asks: readonly { readonly assertion: Assertion; readonly query: Template }[];
}

/** Asks for some targets with one message. If that fails, target by target, and then query by query. */
async function ask(runner: Runner, asked: readonly Asked[]): Promise<Finding[]> {
  const { session, options } = runner;
  const busy = asked.filter(({ asks }) => asks.length > 0);
  if (busy.length === 0) return [];
  try {
    const results = await session.queryAll<Record<string, number>>(
      busy.map((one) => messageFor(one, options)).join(""),
    );
    const counts = results.flatMap((rows) => rows.filter((row) => "n0" in row));
    return busy.flatMap(({ target, asks }, index) =>
      asks.flatMap(({ assertion }, number): Finding[] => {
        const rows = Number(counts[index]?.[`n${number}`] ?? 0);
        return rows > 0 ? [{ target, assertion, rows }] : [];
      }),
    );
  } catch (error) {
    if (session.lost || isConnectionLoss(error)) throw error;
    await session.script("ROLLBACK");
    refuseInterrupted(options.signal);
    return askApart(runner, busy, error);
  }
}

async function askApart(
  runner: Runner,
  busy: readonly Asked[],
  error: unknown,
): Promise<Finding[]> {
  const [first, ...others] = busy;
  if (first === undefined) return [];
  const [only, ...more] = first.asks;
  if (others.length === 0 && more.length === 0 && only !== undefined)
    return [failed(first.target, only.assertion, error)];
  const parts =
    others.length > 0
      ? busy.map((one) => [one])
      : first.asks.map((one) => [{ ...first, asks: [one] }]);
  const findings: Finding[] = [];
  for (const part of parts) findings.push(...(await ask(runner, part)));
  return findings;
}

/** Errors after which the statement would fail, too: what it names does not exist. */
const sameError = new Set(["42P01", "42703", "42704", "42883"]);

function failed(target: Target, assertion: Assertion, error: unknown): Finding {
  const state = sqlstateOf(error) ?? "";
  const message =
    state === sqlstate.queryCanceled || state === sqlstate.lockNotAvailable
      ? "the query took too long, or waited for a lock"
      : messageOf(error);
  return {
    target,
    assertion,
    rows: null,
    message,
    ...(sameError.has(state) ? {} : { isUnknown: true }),
  };
}

/** The message for one target: a transaction with one query, which counts for all of its assertions. */
function messageFor(
  { target, sharedSchemas, asks }: Asked,
  { statementMs, lockMs }: RunOptions,
): string {
  const schema = quoteIdentifier(target.schema);
  const path = [schema, ...sharedSchemas.map(quoteIdentifier)].join(", ");
  const settings = [
    ["search_path", path],
    ["statement_timeout", String(statementMs)],
    ["lock_timeout", String(lockMs)],
  ].map(
    ([name = "", value = ""]) => `pg_catalog.set_config('${name}', ${quoteLiteral(value)}, true)`,
  );
  const counts = asks.map(
    ({ query }, index) =>
      `(SELECT pg_catalog.count(*)::integer FROM (SELECT FROM (${fill(query, schema)}\n) AS found LIMIT ${countLimit}) AS counted) AS n${index}`,
  );
  return `BEGIN READ ONLY; SELECT ${settings.join(", ")}; SELECT ${counts.join(", ")}; COMMIT;`;
}

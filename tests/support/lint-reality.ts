import { expect } from "vitest";
import type { Statement } from "../../src/core/migration.ts";
import { tableOfIndex } from "../../src/lint/effects.ts";
import { statementsOf } from "../../src/lint/lint.ts";
import { type LintedSchema, nameOf } from "../../src/lint/schema.ts";
import {
  type LockMode,
  lockModes,
  type StatementTrace,
  strongest,
  type TracedRelation,
  Tracer,
} from "../../src/lint/trace.ts";
import { withSession } from "../../src/postgres/session.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { createDatabase, type TestDatabase } from "./database.ts";
import { migrationOf } from "./lint.ts";
import { lintedRows, lintedTables, lintStatements } from "./lint-statements.ts";

/** Which modes conflict. Source: PostgreSQL's documentation, "Explicit Locking", table 13.2. */
const conflicts: Readonly<Record<LockMode, string>> = {
  AccessShareLock: "00000001",
  RowShareLock: "00000011",
  RowExclusiveLock: "00001111",
  ShareUpdateExclusiveLock: "00011111",
  ShareLock: "00110111",
  ShareRowExclusiveLock: "00111111",
  ExclusiveLock: "01111111",
  AccessExclusiveLock: "11111111",
};

/** The modes in the words of LOCK TABLE. */
const words = lockModes.map((mode) =>
  mode
    .replace("Lock", "")
    .replaceAll(/(?<=[a-z])[A-Z]/g, " $&")
    .toUpperCase(),
);

/** For each table: which of the eight modes another session is refused, and whether it can neither read nor write; 0 or 1. */
const refusedModes = `CREATE FUNCTION refused_modes(relations text[]) RETURNS text[] LANGUAGE plpgsql SET lock_timeout = '1ms' AS $$
DECLARE relation text; attempt text; result text[] := '{}'; refused text;
BEGIN
  FOREACH relation IN ARRAY relations LOOP
    refused := '';
    FOREACH attempt IN ARRAY ARRAY[${words.map((mode) => `'LOCK TABLE ONLY %s IN ${mode} MODE NOWAIT'`).join(", ")},
      'SELECT FROM ONLY %s LIMIT 0', 'DELETE FROM ONLY %s WHERE false'] LOOP
      BEGIN
        EXECUTE format(attempt, relation);
        -- The lock is given back with the subtransaction.
        RAISE EXCEPTION USING ERRCODE = 'TF000';
      EXCEPTION WHEN lock_not_available THEN refused := refused || '1'; WHEN SQLSTATE 'TF000' THEN refused := refused || '0';
      END;
    END LOOP;
    result := result || refused;
  END LOOP;
  RETURN result;
END $$`;

/**
 * What a mode refuses, in the same form.
 *
 * @param isIndexLocked true if an index of the table cannot be read: queries on the table then wait, too
 */
function refusedBy(mode: LockMode | undefined, isIndexLocked: boolean): string {
  const modes = mode === undefined ? "00000000" : conflicts[mode];
  return isIndexLocked ? `${modes}11` : `${modes}${modes[0]}${modes[2]}`;
}

/** What a statement does to tables, views and materialized views. */
interface Effects {
  /** The strongest lock by relation. */
  readonly locks: Readonly<Record<string, LockMode>>;
  /** What other sessions are refused, by table. */
  readonly refused: Readonly<Record<string, string>>;
  readonly rewritten: readonly string[];
  readonly scanned: readonly string[];
}

const statementOf = (sql: string): Statement => ({
  ...{ sql: [sql], original: sql, line: 1 },
  ...{ transactional: true, startsSegment: false, plain: false },
});

/** What the rules make of a trace. */
function effectsOf(
  sql: string,
  trace: StatementTrace,
  { before, tables }: { readonly before: LintedSchema; readonly tables: readonly string[] },
): Effects {
  const migration = migrationOf("0001", sql);
  const statements = [{ statement: statementOf(sql), trace }];
  const allowance = { sharedSchemas: ["shared"] };
  const [linted] = statementsOf({ migration, statements, allowance, before });
  const { locks, rewritten, scanned } = linted?.effects ?? trace;
  const relations = locks.filter(({ kind }) => "rpmv".includes(kind));
  const modes = new Map(relations.map((lock) => [nameOf(lock), lock.mode]));
  const indexes = locks.filter(({ kind, mode }) => kind === "i" && mode === "AccessExclusiveLock");
  const unreadable = new Set(
    indexes.flatMap(({ name }) => tableOfIndex(name, before) ?? []).map(nameOf),
  );
  const sorted = (all: readonly TracedRelation[]) =>
    all
      .filter(({ kind }) => "rpm".includes(kind))
      .map(nameOf)
      .sort();
  return {
    locks: Object.fromEntries([...modes].sort(([left], [right]) => (left < right ? -1 : 1))),
    refused: Object.fromEntries(
      tables.map((table) => [table, refusedBy(modes.get(table), unreadable.has(table))]),
    ),
    ...{ rewritten: sorted(rewritten), scanned: sorted(scanned) },
  };
}

/**
 * Compares what is traced on empty tables with what another session sees while the statement's transaction is open on tables
 * with rows.
 *
 * @returns how many statements were compared
 */
export async function compareWithReality(adminUrl?: string): Promise<number> {
  await loadParser();
  const database = await createDatabase(adminUrl);
  await database.query(refusedModes);
  await database.query("CREATE SCHEMA shared; CREATE TABLE shared.plans (id integer PRIMARY KEY)");
  for (const schema of ["empty", "filled"])
    await database.query(
      `CREATE SCHEMA ${schema}; SET search_path = ${schema}, shared; ${lintedTables}`,
    );
  await database.query(
    `INSERT INTO plans VALUES (1); ${lintedRows}; ANALYZE; SET search_path = public`,
  );
  const version = await database.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  const major = version[0]?.major ?? 0;
  const statements = lintStatements.filter(({ since = 0 }) => since <= major).map(({ sql }) => sql);
  const { before, traces } = await tracesOf(database, statements);
  const real = await realEffects(database, statements, before);
  for (const [index, sql] of statements.entries()) {
    const expected = real[index];
    const tables = Object.keys(expected?.refused ?? {});
    const trace = traces[index] ?? { locks: [], rewritten: [], scanned: [] };
    expect({ sql, ...effectsOf(sql, trace, { before, tables }) }).toEqual({ sql, ...expected });
  }
  return statements.length;
}

/** Traces statements on empty tables. */
async function tracesOf({ url }: TestDatabase, statements: readonly string[]) {
  return withSession({ name: "main", url }, { waitMs: 5_000 }, async (session) => {
    await session.query("SET search_path = empty, shared");
    const tracer = new Tracer(session, "empty", ["shared"]);
    const before = await tracer.begin();
    const traces: (StatementTrace | undefined)[] = [];
    for (const sql of statements) {
      const [trace] = await tracer.run([statementOf(sql)], { wanted: true, undo: true });
      traces.push(trace);
    }
    return { before, traces };
  });
}

interface Relation {
  readonly oid: number;
  readonly schema: string | null;
  readonly name: string;
  readonly kind: string;
}

/** Runs statements on tables with rows, and looks at them from another session before they are rolled back. */
async function realEffects(
  database: TestDatabase,
  statements: readonly string[],
  schema: LintedSchema,
) {
  const [running, other] = [await database.connect(), await database.connect()];
  await running.query("SET search_path = filled, shared");
  const { rows: relations } = await other.query<Relation>(
    `SELECT c.oid, nullif(n.nspname, 'filled') AS schema, c.relname AS name, c.relkind AS kind FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('filled', 'shared') AND c.relkind IN ('r', 'p', 'm', 'v')`,
  );
  const tables = relations.filter(({ kind }) => "rp".includes(kind));
  const namesSql = tables.map(({ schema, name }) => `${schema ?? "filled"}.${name}`);
  const oids = relations.map(({ oid }) => oid);
  const files = async () =>
    (
      await running.query<{ oid: number; file: number | null; scans: number }>(
        `SELECT oid, pg_relation_filenode(oid) AS file, pg_stat_get_xact_numscans(oid)::int AS scans, pg_stat_force_next_flush()::text
         FROM unnest($1::oid[]) AS oid`,
        [oids],
      )
    ).rows;
  const pid = await running.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const effects: Effects[] = [];
  const before = await files();
  for (const sql of statements) {
    await running.query("BEGIN");
    await running.query(sql).catch((cause: Error) => {
      throw new Error(`${sql}: ${cause.message}`, { cause });
    });
    const after = await files();
    const locks = await other.query<{ relation: number; modes: LockMode[] }>(
      "SELECT relation, array_agg(mode) AS modes FROM pg_locks WHERE pid = $1 AND locktype = 'relation' GROUP BY relation",
      [pid.rows[0]?.pid],
    );
    const refused = await other.query<{ modes: string[] }>("SELECT refused_modes($1) AS modes", [
      namesSql,
    ]);
    await running.query("ROLLBACK");
    const named = relations.map((one, index) => {
      const [old, now] = [before[index], after[index]];
      const isGone = now?.file === null && old?.file !== null;
      return {
        relation: { schema: one.schema ?? undefined, name: one.name, kind: one.kind },
        mode: strongest(locks.rows.find(({ relation }) => relation === one.oid)?.modes ?? []),
        isRewritten: !isGone && old?.file !== now?.file,
        isScanned: !isGone && (now?.scans ?? 0) > 0,
      };
    });
    const trace: StatementTrace = {
      locks: named.flatMap(({ relation, mode }) =>
        mode === undefined ? [] : { ...relation, mode },
      ),
      rewritten: named.flatMap((one) => (one.isRewritten ? one.relation : [])),
      scanned: named.flatMap((one) => (one.isScanned ? one.relation : [])),
    };
    const names = tables.map(({ schema, name }) => nameOf({ schema: schema ?? undefined, name }));
    effects.push({
      ...effectsOf(sql, trace, { before: schema, tables: names }),
      refused: Object.fromEntries(
        names.map((name, at) => [name, refused.rows[0]?.modes[at] ?? ""]),
      ),
    });
  }
  return effects;
}

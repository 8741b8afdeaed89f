import type { Migration, Statement } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import type { Session } from "../postgres/session.ts";
import type { Bench } from "../proof/bench.ts";
import type { Allowance } from "../sql/allowance.ts";
import { readStatements } from "../sql/read-statements.ts";
import { segmentsOf } from "../sql/segments.ts";
import { type LintedSchema, readLintedSchema, type TracedRelation } from "./schema.ts";

/** The modes of locks on tables, the weakest first. Source: PostgreSQL's documentation, "Explicit Locking". */
export const lockModes = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
] as const;

export type LockMode = (typeof lockModes)[number];

/** What a statement did on a server. It names only what existed before its migration. */
export interface StatementTrace {
  /** The strongest lock that it took on each relation. */
  readonly locks: readonly (TracedRelation & { readonly mode: LockMode })[];
  /** Tables, materialized views and indexes whose files it wrote anew. */
  readonly rewritten: readonly TracedRelation[];
  /** Tables that it read completely. */
  readonly scanned: readonly TracedRelation[];
}

/** A statement of a migration, and what it did; undefined if it was not run, or not in a transaction. */
export interface TracedStatement {
  readonly statement: Statement;
  readonly trace: StatementTrace | undefined;
  /** True if it ran in one transaction with others: a lock that they had already taken is not in its trace. */
  readonly together?: boolean;
}

/** A migration whose statements were traced. */
export interface TracedMigration {
  readonly migration: Migration;
  readonly statements: readonly TracedStatement[];
  /** What its SQL may do, and the names by which it means the tenant's schema; the defaults if undefined. */
  readonly allowance?: Allowance;
  /** The tables before and after it. */
  readonly before?: LintedSchema | undefined;
  readonly after?: LintedSchema | undefined;
}

/**
 * Applies a history to a scratch schema, and traces what each statement of some migrations locks, rewrites and scans. Empty
 * tables show the same as tables with rows.
 *
 * @param schema the name of a schema that does not exist
 * @param isTraced which migrations to trace; the others are only run
 * @returns the traced migrations. After a statement that fails, nothing is traced
 */
export async function traceHistory(
  bench: Bench,
  schema: string,
  migrations: readonly Migration[],
  isTraced: (migration: Migration) => boolean,
): Promise<TracedMigration[]> {
  const { session } = bench;
  await createScratchSchema(bench, schema);
  const tracer = new Tracer(session, schema, bench.sharedSchemas);
  const traced: TracedMigration[] = [];
  let failed = false;
  // True when the tables have constraints that are checked at the end of a transaction.
  let defers = false;
  for (const migration of migrations) {
    const { file, text, tag } = migration;
    const allowance = bench.allowanceOf(tag);
    const { statements, extensions } = readStatements(file, text, allowance, []);
    if (!failed && bench.extensionSchema !== undefined && extensions.length > 0)
      await ensureExtensions(session, bench.extensionSchema, extensions);
    const wanted = isTraced(migration);
    const before = wanted && !failed ? await tracer.begin() : undefined;
    const results: TracedStatement[] = [];
    defers ||= /\binitially\s+deferred\b/i.test(text);
    for (const { statements: segment, transactional } of segmentsOf(statements)) {
      const together =
        transactional && segment.length > 1 && (!wanted || dependsOnTransaction(segment, defers));
      const traces: readonly (StatementTrace | undefined)[] = failed
        ? []
        : await tracer.run(segment, { wanted, together });
      failed ||= traces.length < segment.length;
      for (const [index, statement] of segment.entries())
        results.push({ statement, trace: failed ? undefined : traces[index], together });
    }
    if (!wanted) continue;
    const after = failed ? undefined : await tracer.end();
    traced.push({ migration, statements: results, allowance, before, after });
  }
  await session.query("RESET search_path");
  return traced;
}

/** Creates a schema, and makes it the current one. */
async function createScratchSchema(
  { session, sharedSchemas }: Bench,
  schema: string,
): Promise<void> {
  await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  const path = [schema, ...sharedSchemas].map(quoteIdentifier).join(", ");
  await session.query(`SET search_path = ${path}`);
}

/** The state of a relation before or after a statement. */
interface RelationState extends TracedRelation {
  readonly oid: number;
  readonly file: number | null;
  /** How often the transaction has read it completely. */
  readonly scans: number;
  readonly modes: readonly LockMode[] | null;
}

type States = ReadonlyMap<number, RelationState>;

interface RunOptions {
  /** Whether to trace the statements. */
  readonly wanted: boolean;
  /** True to run them in one transaction. */
  readonly together?: boolean;
  /** True to roll back what they did. */
  readonly undo?: boolean;
}

/** Traces statements in one session. */
export class Tracer {
  readonly #session: Session;
  readonly #schema: string;
  readonly #schemas: readonly string[];
  /** What existed before the migration, by oid. */
  #existing: States = new Map();
  /** The state after the last statement; undefined if something has run since it was read. */
  #states: States | undefined;
  /** The tables after the last migration; undefined if something has run since. */
  #tables: LintedSchema | undefined;

  constructor(session: Session, schema: string, sharedSchemas: readonly string[]) {
    this.#session = session;
    this.#schema = schema;
    this.#schemas = [schema, ...sharedSchemas];
  }

  /** Begins a migration: what its statements create from now on is not traced. */
  async begin(): Promise<LintedSchema> {
    this.#states ??= await this.#read();
    this.#existing = this.#states;
    return this.#readTables();
  }

  /** Ends a migration. */
  end(): Promise<LintedSchema> {
    return this.#readTables();
  }

  /**
   * Runs the statements of a segment. Each has a transaction of its own, so that the locks are its own, unless they need a
   * common one.
   *
   * @returns what they did; fewer after a statement that failed
   */
  async run(
    segment: readonly Statement[],
    { wanted, together, undo = false }: RunOptions,
  ): Promise<(StatementTrace | undefined)[]> {
    const session = this.#session;
    const traces: (StatementTrace | undefined)[] = [];
    this.#tables = undefined;
    try {
      for (const [index, statement] of segment.entries()) {
        const begins = !together || index === 0;
        const ends = !together || index === segment.length - 1;
        traces.push(await this.#runOne(statement, { wanted, undo, begins, ends }));
      }
    } catch (error) {
      if (session.lost) throw error;
      await session.script("ROLLBACK");
      this.#states = undefined;
    }
    return traces;
  }

  async #runOne(
    { sql, transactional }: Statement,
    { wanted, undo, begins, ends }: RunOptions & { begins: boolean; ends: boolean },
  ): Promise<StatementTrace | undefined> {
    const session = this.#session;
    const isTraced = wanted && transactional;
    const before = isTraced ? (this.#states ?? (await this.#read())) : undefined;
    this.#states = undefined;
    if (transactional && begins) await session.script("BEGIN");
    await session.query(fill(sql, quoteIdentifier(this.#schema)));
    if (isTraced) this.#states = await this.#read();
    if (transactional && ends) await session.script(undo ? "ROLLBACK" : "COMMIT");
    const after = this.#states;
    if (undo) this.#states = undefined;
    return before && after && compare(this.#existing, before, after, begins);
  }

  async #readTables(): Promise<LintedSchema> {
    this.#tables ??= await readLintedSchema(this.#session, this.#schemas);
    return this.#tables;
  }

  /**
   * Reads the state of all relations. The statistics of the transaction are flushed when it ends, so that the next one
   * begins to count at 0.
   */
  async #read(): Promise<States> {
    const rows = await this.#session.query<RelationState & Record<string, unknown>>(
      `SELECT c.oid, nullif(n.nspname, $2) AS schema, c.relname AS name, c.relkind AS kind, pg_catalog.pg_relation_filenode(c.oid) AS file,
         pg_catalog.pg_stat_get_xact_numscans(c.oid)::int AS scans, l.modes, pg_catalog.pg_stat_force_next_flush()::text AS flush
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN (SELECT relation, pg_catalog.array_agg(mode) AS modes FROM pg_catalog.pg_locks
         WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' GROUP BY relation) l ON l.relation = c.oid
       WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'm', 'v', 'i', 'I', 'S')`,
      [this.#schemas, this.#schema],
    );
    return new Map(rows.map((row) => [row.oid, row]));
  }
}

/**
 * What a statement did to the relations that existed before its migration.
 *
 * @param begins true if it was the first of its transaction
 */
function compare(existing: States, before: States, after: States, begins: boolean): StatementTrace {
  const pairs = [...existing.keys()].flatMap((oid) => {
    const [old, now] = [before.get(oid), after.get(oid)];
    return old === undefined ? [] : [{ old, now }];
  });
  const named = ({ schema, name, kind }: RelationState): TracedRelation => ({
    ...{ schema: schema ?? undefined, name, kind },
  });
  const modeOf = (old: RelationState, now: RelationState | undefined) => {
    // The locks of what was dropped are gone with its row; DROP takes the strongest.
    if (now === undefined) return "AccessExclusiveLock";
    const held = begins ? [] : (old.modes ?? []);
    return strongest((now.modes ?? []).filter((mode) => !held.includes(mode)));
  };
  return {
    locks: pairs.flatMap(({ old, now }) => {
      const mode = modeOf(old, now);
      return mode === undefined ? [] : { ...named(old), mode };
    }),
    rewritten: pairs.flatMap(({ old, now }) =>
      now !== undefined && "rmi".includes(old.kind) && old.file !== now.file ? named(old) : [],
    ),
    scanned: pairs.flatMap(({ old, now }) => {
      const scans = begins ? 0 : old.scans;
      return now !== undefined && "rpm".includes(old.kind) && now.scans > scans ? named(old) : [];
    }),
  };
}

/** True for statements whose result depends on the ones before them in their transaction. */
function dependsOnTransaction(segment: readonly Statement[], defers: boolean): boolean {
  return segment.some(
    ({ original }) =>
      /\bset\s+(constraints|local)\b|\bon\s+commit\b|\bset_config\b/i.test(original) ||
      (defers && /^(insert|update|delete|merge|with|call|do)\b/i.test(original)),
  );
}

/** The strongest of some modes; undefined for none. */
export function strongest(modes: readonly LockMode[]): LockMode | undefined {
  return lockModes.findLast((mode) => modes.includes(mode));
}

import type { Migration, Statement } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import type { Session } from "../postgres/session.ts";
import type { Bench } from "../proof/bench.ts";
import { readStatements } from "../sql/read-statements.ts";

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

/** A relation in the words of a report. */
export interface TracedRelation {
  /** Its schema, if that is not the tenant's own. */
  readonly schema: string | undefined;
  readonly name: string;
  /** `pg_class.relkind`. */
  readonly kind: string;
}

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
}

/** A migration whose statements were traced. */
export interface TracedMigration {
  readonly migration: Migration;
  readonly statements: readonly TracedStatement[];
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
  await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  const path = [schema, ...bench.sharedSchemas].map(quoteIdentifier).join(", ");
  await session.query(`SET search_path = ${path}`);
  const tracer = new Tracer(session, schema, bench.sharedSchemas);
  const traced: TracedMigration[] = [];
  let failed = false;
  for (const migration of migrations) {
    const { file, text, tag } = migration;
    const { statements, extensions } = readStatements(file, text, bench.allowanceOf(tag), []);
    if (!failed && bench.extensionSchema !== undefined && extensions.length > 0)
      await ensureExtensions(session, bench.extensionSchema, extensions);
    const wanted = isTraced(migration);
    if (wanted && !failed) await tracer.begin();
    const results: TracedStatement[] = [];
    for (const statement of statements) {
      const trace: StatementTrace | "failed" | undefined = failed
        ? undefined
        : await tracer.run(statement, wanted);
      failed ||= trace === "failed";
      results.push({ statement, trace: typeof trace === "object" ? trace : undefined });
    }
    if (wanted) traced.push({ migration, statements: results });
  }
  await session.query("RESET search_path");
  return traced;
}

/** The state of a relation before and after a statement. */
interface RelationState extends TracedRelation {
  readonly oid: number;
  readonly file: number | null;
  readonly scans: string;
  readonly modes: readonly LockMode[] | null;
}

class Tracer {
  readonly #session: Session;
  readonly #schema: string;
  readonly #schemas: readonly string[];
  /** What existed before the migration, by oid. */
  #existing = new Map<number, RelationState>();

  constructor(session: Session, schema: string, sharedSchemas: readonly string[]) {
    this.#session = session;
    this.#schema = schema;
    this.#schemas = [schema, ...sharedSchemas];
  }

  /** Begins a migration: what its statements create from now on is not traced. */
  async begin(): Promise<void> {
    this.#existing = await this.#read();
  }

  /** Runs a statement in a transaction of its own, so that the locks are its own. */
  async run(
    statement: Statement,
    isTraced: boolean,
  ): Promise<StatementTrace | undefined | "failed"> {
    const text = fill(statement.sql, quoteIdentifier(this.#schema));
    const session = this.#session;
    try {
      if (!statement.transactional || !isTraced) {
        await session.query(text);
        return undefined;
      }
      const before = await this.#read();
      await session.script("BEGIN");
      await session.query(text);
      const trace = this.#compare(before, await this.#read());
      await session.script("COMMIT");
      return trace;
    } catch (error) {
      if (session.lost) throw error;
      await session.script("ROLLBACK");
      return "failed";
    }
  }

  async #read(): Promise<Map<number, RelationState>> {
    const rows = await this.#session.query<RelationState & Record<string, unknown>>(
      `SELECT c.oid, nullif(n.nspname, $2) AS schema, c.relname AS name, c.relkind AS kind, pg_catalog.pg_relation_filenode(c.oid) AS file,
         pg_catalog.pg_stat_get_xact_numscans(c.oid)::text AS scans, l.modes
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN (SELECT relation, pg_catalog.array_agg(mode) AS modes FROM pg_catalog.pg_locks
         WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' GROUP BY relation) l ON l.relation = c.oid
       WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'm', 'v', 'i', 'I', 'S')`,
      [this.#schemas, this.#schema],
    );
    return new Map(rows.map((row) => [row.oid, row]));
  }

  #compare(
    before: ReadonlyMap<number, RelationState>,
    after: ReadonlyMap<number, RelationState>,
  ): StatementTrace {
    const pairs = [...this.#existing.values()].flatMap(({ oid }) => {
      const [old, now] = [before.get(oid), after.get(oid)];
      // The locks of what was dropped are gone with its row; DROP takes the strongest.
      return old === undefined ? [] : [{ old, now }];
    });
    const named = ({ schema, name, kind }: RelationState): TracedRelation => ({
      ...{ schema: schema ?? undefined, name, kind },
    });
    return {
      locks: pairs.flatMap(({ old, now }) => {
        const mode = now === undefined ? "AccessExclusiveLock" : strongest(now.modes ?? []);
        return mode === undefined ? [] : { ...named(old), mode };
      }),
      rewritten: pairs.flatMap(({ old, now }) =>
        now !== undefined && "rmi".includes(old.kind) && old.file !== now.file ? named(old) : [],
      ),
      scanned: pairs.flatMap(({ old, now }) =>
        now !== undefined && "rpm".includes(old.kind) && old.scans !== now.scans ? named(old) : [],
      ),
    };
  }
}

/** The strongest of some modes; undefined for none. */
export function strongest(modes: readonly LockMode[]): LockMode | undefined {
  return lockModes.findLast((mode) => modes.includes(mode));
}

import { differenceFromSnapshot } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Migration, Statement } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import { checksumOf } from "../source/checksums.ts";
import { readDown } from "../source/downs.ts";
import { readStatements } from "../sql/read-statements.ts";
import { divideStatements, withoutShared } from "../sql/shared-statements.ts";
import {
  applyDown,
  applyUp,
  type Bench,
  dropScratch,
  isOfRows,
  withScratchSchema,
} from "./bench.ts";
import { besideShared } from "./beside.ts";
import { withoutAutomaticNames } from "./compare.ts";
import { searchIn, withNamesOfKeys } from "./moves.ts";
import {
  type DownText,
  notAgain,
  refusedDown,
  rowProblem,
  unequal,
  unequalDown,
  unknownToSnapshot,
} from "./problems.ts";
import { type Filled, fillTables } from "./rows.ts";
import { type Direct, Trials } from "./trials.ts";

/** A service's history, and what its newest snapshot describes. */
export interface History {
  readonly migrations: readonly Migration[];
  /** The SQL that makes the newest snapshot's schema in an empty one; undefined if all was written by hand. */
  readonly described?: () => Promise<readonly string[]>;
  /** The newest snapshot's file, as shown to people. */
  readonly snapshotFile: string;
}

/** What became of a proof. */
export interface ProvedHistory {
  readonly problems: readonly FleetError[];
  /** How many migrations were taken back by their down and applied again. */
  readonly downs: number;
}

/**
 * Proves a history on a server: every migration applies, in tables with rows; every down restores the catalog before
 * its migration, and applying it again gives the one after it; and in the end the schema is what the newest snapshot
 * describes.
 *
 * @returns what does not hold, and how many downs do; a migration that does not apply ends the proof
 */
export async function proveHistory(bench: Bench, history: History): Promise<ProvedHistory> {
  const allowance = bench.allowanceOf("snapshot");
  const described = async () => (await history.described?.()) ?? [];
  const own = {
    ...history,
    ...(history.described && {
      described: async () => withoutShared(await described(), allowance),
    }),
  };
  const proved = await besideShared(
    bench,
    history.migrations,
    async () => divideStatements(await described(), allowance).shared,
    () =>
      withScratchSchema(bench.session, (schema) =>
        new HistoryProof(bench, history, schema).run(own),
      ),
  );
  return isFleetError(proved) ? { problems: [proved], downs: 0 } : proved;
}

/** A down to be made: what it is made from, and its file. */
export interface MissingDown {
  readonly file: string;
  readonly statements: readonly string[];
}

/**
 * Tries missing downs, each after its own migration, in tables with rows.
 *
 * @param missing by the tag of their migration
 * @param described gives the SQL that makes the Drizzle schema from nothing
 * @returns by tag, the statements as they ran, or why they do not; nothing for what comes after a migration that does
 *   not apply here; in words, why none could be tried
 */
export async function tryDowns(
  bench: Bench,
  migrations: readonly Migration[],
  missing: ReadonlyMap<string, MissingDown>,
  described: () => Promise<readonly string[]>,
): Promise<ReadonlyMap<string, Direct> | string> {
  const shared = async () =>
    divideStatements(await described(), bench.allowanceOf("snapshot")).shared;
  const tried = await besideShared(bench, migrations, shared, () =>
    withScratchSchema(bench.session, (schema) =>
      new HistoryProof(bench, { migrations }, schema).tryDowns(missing),
    ),
  );
  return isFleetError(tried) ? tried.message : tried;
}

class HistoryProof {
  readonly problems: FleetError[] = [];
  readonly bench: Bench;
  readonly history: Pick<History, "migrations">;
  readonly schema: string;
  #downs = 0;
  #filled: Filled | undefined;
  /** True once invented rows were in a migration's way. */
  #rowless = false;

  constructor(bench: Bench, history: Pick<History, "migrations">, schema: string) {
    this.bench = bench;
    this.history = history;
    this.schema = schema;
  }

  async tryDowns(missing: ReadonlyMap<string, MissingDown>): Promise<Map<string, Direct>> {
    const made = new Map<string, Direct>();
    let before: readonly string[] = [];
    for (const migration of this.history.migrations) {
      if ((await this.#up(migration)) !== undefined) return made;
      const after = await this.#facts();
      const wanted = missing.get(migration.tag);
      if (wanted !== undefined) {
        await this.#fill();
        made.set(migration.tag, await this.#tryDown(migration, wanted, { before, after }));
      }
      before = after;
    }
    return made;
  }

  async #tryDown(migration: Migration, wanted: MissingDown, facts: Facts): Promise<Direct> {
    const { session } = this.bench;
    const chunks = await withNamesOfKeys(session, this.schema, wanted.statements);
    const trial = async () => {
      if (this.#rowless) await this.#fillNow();
      return new Trials(this.bench, this.schema, true).returning(chunks, facts.before);
    };
    await session.query("BEGIN");
    const direct = await trial().finally(() => session.query("ROLLBACK"));
    if (direct.unfinished !== undefined) return direct;
    const text = direct.statements.join("\n");
    const down = { file: wanted.file, text, checksum: checksumOf(text) };
    const problem = await this.#there(migration, down, facts, direct.needs.length > 0);
    if (problem === undefined) return direct;
    return { ...direct, unfinished: [problem.message, problem.excerpt ?? ""].join(" ").trim() };
  }

  async run(history: History): Promise<ProvedHistory> {
    let before: readonly string[] = [];
    for (const migration of this.history.migrations) {
      const failed = await this.#up(migration);
      if (failed !== undefined) return { problems: [...this.problems, failed], downs: this.#downs };
      const after = await this.#facts();
      await this.#fill();
      const problem = await this.#proveDown(migration, before, after);
      if (problem !== undefined) this.problems.push(problem);
      before = after;
    }
    if (history.migrations.length > 0) await this.#proveSnapshot(history, before);
    return { problems: this.problems, downs: this.#downs };
  }

  async #facts(schema = this.schema): Promise<string[]> {
    return withoutAutomaticNames(await catalogOf(this.bench.session, schema));
  }

  async #fill(): Promise<void> {
    if (!this.#rowless) await this.#fillNow();
  }

  async #fillNow(): Promise<void> {
    const { session, sharedSchemas } = this.bench;
    this.#filled = await fillTables(session, this.schema, {
      rows: 2,
      nulls: true,
      sharedSchemas,
      ...(this.#filled === undefined || this.#rowless ? {} : { before: this.#filled }),
    });
  }

  /** What invented rows refuse is taken again without them: what tenants hold is not known here. */
  async #up(migration: Migration): Promise<FleetError | undefined> {
    const apply = () => applyUp(this.bench, this.schema, this.history.migrations, migration);
    const failed = this.#rowless ? await this.#withRows(migration) : await apply();
    if (failed !== undefined && isOfRows(failed)) {
      await this.#withoutRows(migration, false);
      const problem = rowProblem(migration, failed);
      if (problem !== undefined) this.problems.push(problem);
    } else if (!this.#rowless) return failed;
    const again = await apply();
    if (again === undefined || !isOfRows(again)) return again;
    // Rows that were taken back have used up numbers, and the history counts on its own rows having them.
    await this.#restart(migration, false);
    return apply();
  }

  /** Runs a migration in tables with rows, and leaves nothing behind; undefined for one of several transactions, too. */
  async #withRows({ file, text, tag }: Migration): Promise<FleetError | undefined> {
    const { session, allowanceOf, sharedSchemas } = this.bench;
    const { statements } = readStatements(file, text, allowanceOf(tag), []);
    if (!isTogether(statements)) return undefined;
    await session.query("BEGIN");
    try {
      await this.#fillNow();
      await session.query(searchIn([this.schema, ...sharedSchemas]));
      for (const { sql, line } of statements) {
        const error = await session
          .query(fill(sql, quoteIdentifier(this.schema)))
          .then(() => undefined, asError);
        if (error !== undefined)
          return new FleetError("proof", error.message, { where: `${file}:${line}`, cause: error });
      }
      return undefined;
    } finally {
      await session.query("ROLLBACK");
    }
  }

  /** From here on, rows are invented in transactions that are rolled back: those of the history itself stay. */
  async #withoutRows(migration: Migration, included: boolean): Promise<void> {
    if (this.#rowless) return;
    this.#rowless = true;
    await this.#restart(migration, included);
  }

  /** Makes the schema anew, as it is before a migration or after it. */
  async #restart(migration: Migration, included: boolean): Promise<void> {
    const { migrations } = this.history;
    await dropScratch(this.bench.session, this.schema);
    this.#filled = undefined;
    for (const one of migrations.slice(0, migrations.indexOf(migration) + (included ? 1 : 0)))
      await applyUp(this.bench, this.schema, migrations, one);
  }

  async #proveDown(
    migration: Migration,
    before: readonly string[],
    after: readonly string[],
  ): Promise<FleetError | undefined> {
    const down = await readDown(migration);
    if (down === undefined || down.irreversible !== undefined) return undefined;
    if (down.empty && down.dataLoss.length === 0) return undefined;
    const prove = (empty: boolean) => this.#there(migration, down, { before, after }, empty);
    const withRows = await prove(false);
    const refused = withRows !== undefined && isOfRows(withRows) ? withRows : undefined;
    const failed =
      refused === undefined ? withRows : ((await prove(true)) ?? rowProblem(down, refused));
    if (failed === undefined) this.#downs += 1;
    return failed;
  }

  /** Takes a down and its migration again, and leaves the schema as it was. */
  async #there(
    migration: Migration,
    down: DownText,
    facts: Facts,
    empty: boolean,
  ): Promise<FleetError | undefined> {
    const { allowanceOf, session } = this.bench;
    const problems: FleetError[] = [];
    const { tag } = migration;
    const up = readStatements(migration.file, migration.text, allowanceOf(tag), problems);
    const again = up.statements;
    const back = readStatements(down.file, down.text, allowanceOf(tag, up), problems).statements;
    if (problems[0] !== undefined) return problems[0];
    if (empty) await this.#withoutRows(migration, true);
    if (![back, again].every(isTogether)) return this.#throughEngine(migration, down, facts);
    await session.query("BEGIN");
    try {
      if (this.#rowless && !empty) await this.#fillNow();
      const { sharedSchemas } = this.bench;
      for (const [file, statements, expected] of [
        [down.file, back, facts.before],
        [migration.file, again, facts.after],
      ] as const) {
        await session.query(searchIn([this.schema, ...sharedSchemas]));
        for (const { sql, line } of statements) {
          const text = fill(sql, quoteIdentifier(this.schema));
          const error = await session.query(text).then(() => undefined, asError);
          if (error !== undefined) return refusedDown(migration, down, `${file}:${line}`, error);
        }
        await session.query("SET CONSTRAINTS ALL IMMEDIATE");
        const problem = unequalDown(
          migration,
          down,
          file === down.file,
          expected,
          await this.#facts(),
        );
        if (problem !== undefined) return problem;
      }
      return undefined;
    } finally {
      await session.query("ROLLBACK");
    }
  }

  /** Files of several transactions are taken as a rollout takes them. */
  async #throughEngine(
    migration: Migration,
    down: DownText,
    facts: Facts,
  ): Promise<FleetError | undefined> {
    const { migrations } = this.history;
    const { bench, schema } = this;
    const steps = async () => {
      const failed = await applyDown(bench, schema, migrations, migration, down);
      if (failed !== undefined) return failed;
      const returned = unequalDown(migration, down, true, facts.before, await this.#facts());
      if (returned !== undefined) return returned;
      const again = await applyUp(bench, schema, migrations, migration);
      if (again !== undefined) return notAgain(migration, down, again.message, again.cause);
      return unequalDown(migration, down, false, facts.after, await this.#facts());
    };
    const problem = await steps();
    if (problem === undefined) return undefined;
    await this.#restart(migration, true);
    await this.#fill();
    return problem;
  }

  /** The schema that the history made against the one that the newest snapshot alone would make. */
  async #proveSnapshot(
    { snapshotFile, described }: History,
    made: readonly string[],
  ): Promise<void> {
    const { session } = this.bench;
    const chunks = await described?.();
    if (chunks === undefined) return;
    await withScratchSchema(session, async (schema) => {
      await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
      const { stuck } = await new Trials(this.bench, schema).take("up", chunks);
      if (stuck !== undefined) {
        this.problems.push(
          new FleetError(
            "proof",
            `what the newest snapshot describes cannot be made: ${stuck.error.message}`,
            {
              where: snapshotFile,
              excerpt: stuck.move.text,
              remedy: "Correct the Drizzle schema, and generate a migration.",
            },
          ),
        );
        return;
      }
      const { missing, extra } = differenceFromSnapshot(await this.#facts(schema), made);
      if (missing.length > 0)
        this.problems.push(
          unequal("the migrations do not make what the newest snapshot describes", snapshotFile, {
            missing,
            extra: [],
          }),
        );
      this.problems.push(...extra.map((fact) => unknownToSnapshot(fact, snapshotFile)));
    });
  }
}

interface Facts {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** True when all statements run in one transaction. */
function isTogether(statements: readonly Statement[]): boolean {
  return statements.every(
    ({ startsSegment, transactional }, index) => transactional && (index === 0 || !startsSegment),
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

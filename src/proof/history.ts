import type { Down } from "../core/down.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { fill } from "../core/template.ts";
import { catalogOf } from "../drift/catalog.ts";
import { type Difference, differenceFromSnapshot, differenceOf } from "../drift/compare.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { checksumOf } from "../source/checksums.ts";
import { marks, readDown } from "../source/downs.ts";
import { apart, withoutShared } from "../sql/apart.ts";
import { addedColumns } from "../sql/changes.ts";
import { readStatements } from "../sql/read-statements.ts";
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
import { emptyTables } from "./repairs.ts";
import { type Filled, fillTables } from "./rows.ts";
import { type Direct, Trials } from "./trials.ts";

/** A service's history, and what its newest snapshot describes. */
export interface History {
  readonly migrations: readonly Migration[];
  /** The SQL that makes the newest snapshot's schema from nothing; without one, all was written by hand. */
  readonly described?: () => Promise<readonly string[]>;
  /** The newest snapshot's file, as shown to people. */
  readonly snapshotFile: string;
}

/**
 * Proves a history on a server: every migration applies, in tables with rows; every down leads back to the catalog
 * before it, and up again to the one after it; and in the end the schema is what the newest snapshot describes.
 *
 * @returns what does not hold; a migration that does not apply ends the proof
 */
export async function proveHistory(bench: Bench, history: History): Promise<FleetError[]> {
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
    async () => apart(await described(), allowance).shared,
    () =>
      withScratchSchema(bench.session, (schema) =>
        new HistoryProof(bench, history, schema).run(own),
      ),
  );
  return isFleetError(proved) ? [proved] : proved;
}

/** A way back that is to be made: what it is made from, and the file that it goes to. */
export interface MissingDown {
  readonly file: string;
  readonly statements: readonly string[];
}

/**
 * Tries ways back that are missing, each after its own migration, in tables with rows.
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
  const shared = async () => apart(await described(), bench.allowanceOf("snapshot")).shared;
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
  #filled: Filled | undefined;

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
    await session.query("BEGIN");
    const direct = await new Trials(this.bench, this.schema, true)
      .returning(chunks, facts.before)
      .finally(() => session.query("ROLLBACK"));
    if (direct.unfinished !== undefined) return direct;
    const text = direct.statements.join("\n");
    const down = { file: wanted.file, text, checksum: checksumOf(text) };
    const problem = await this.#there(migration, down, facts, direct.needs.length > 0);
    if (problem === undefined) return direct;
    return { ...direct, unfinished: [problem.message, problem.excerpt ?? ""].join(" ").trim() };
  }

  async run(history: History): Promise<FleetError[]> {
    let before: readonly string[] = [];
    for (const migration of this.history.migrations) {
      const failed = await this.#up(migration);
      if (failed !== undefined) return [...this.problems, failed];
      const after = await this.#facts();
      await this.#fill();
      const problem = await this.#proveDown(migration, before, after);
      if (problem !== undefined) this.problems.push(problem);
      before = after;
    }
    if (history.migrations.length > 0) await this.#proveSnapshot(history, before);
    return this.problems;
  }

  async #facts(schema = this.schema): Promise<string[]> {
    return withoutAutomaticNames(await catalogOf(this.bench.session, schema));
  }

  async #fill(): Promise<void> {
    const { session, sharedSchemas } = this.bench;
    this.#filled = await fillTables(session, this.schema, {
      rows: 2,
      nulls: true,
      sharedSchemas,
      ...(this.#filled === undefined ? {} : { before: this.#filled }),
    });
  }

  /** What rows refuse is tried again without any: what tenants hold, nobody knows here. */
  async #up(migration: Migration): Promise<FleetError | undefined> {
    const { migrations } = this.history;
    const apply = () => applyUp(this.bench, this.schema, migrations, migration);
    const failed = await apply();
    if (failed === undefined || !isOfRows(failed)) return failed;
    if (!(await emptyTables(this.bench.session, this.schema))) return failed;
    this.#filled = undefined;
    const problem = rowProblem(migration, failed);
    if (problem !== undefined) this.problems.push(problem);
    return apply();
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
    const failed = await prove(false);
    if (failed === undefined || !isOfRows(failed)) return failed;
    const problem = rowProblem(down, failed);
    return (await prove(true)) ?? problem;
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
    const together = [back, again].every((statements) =>
      statements.every(
        ({ startsSegment, transactional }, index) =>
          transactional && (index === 0 || !startsSegment),
      ),
    );
    if (!together) return this.#throughEngine(migration, down, facts, empty);
    await session.query("BEGIN");
    try {
      if (empty) await emptyTables(session, this.schema);
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
    empty: boolean,
  ): Promise<FleetError | undefined> {
    const { migrations } = this.history;
    const { bench, schema } = this;
    if (empty) await emptyTables(bench.session, schema);
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
    await dropScratch(bench.session, schema);
    this.#filled = undefined;
    for (const one of migrations.slice(0, migrations.indexOf(migration) + 1))
      await applyUp(bench, schema, migrations, one);
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

/** A down as far as its SQL goes. */
type DownText = Pick<Down, "file" | "text" | "checksum">;

interface Facts {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** No tenant with rows gets over a new column that must have a value and has none; the rest depends on the rows. */
function rowProblem(
  { file, text }: Pick<Down, "file" | "text">,
  failed: FleetError,
): FleetError | undefined {
  if (marks(text, "depends-on-rows").length > 0) return undefined;
  const column = /^.*?column "(.+?)" of relation "(.+?)" contains null values/.exec(failed.message);
  if (column === null || !addedColumns(text).includes(`${column[2]}.${column[1]}`))
    return undefined;
  return new FleetError("proof", `it fails for every tenant with rows: ${failed.message}`, {
    where: failed.where ?? file,
    remedy:
      "Give the column a DEFAULT, or add it without NOT NULL, fill it, and set NOT NULL then.",
  });
}

function refusedDown(
  migration: Migration,
  down: DownText,
  where: string,
  error: Error,
): FleetError {
  const state = sqlstateOf(error);
  const message = `${error.message}${state === undefined ? "" : ` (SQLSTATE ${state})`}`;
  return where.startsWith(`${down.file}:`)
    ? new FleetError("proof", message, {
        where,
        remedy: `It is the down of ${migration.tag}: correct it.`,
        cause: error,
      })
    : notAgain(migration, down, message, error);
}

function notAgain(
  { tag }: Migration,
  { file }: DownText,
  message: string,
  cause: unknown,
): FleetError {
  return new FleetError("proof", `${tag} does not apply again after its down: ${message}`, {
    where: file,
    remedy: "Correct the down: it leaves something behind.",
    cause,
  });
}

function unequalDown(
  { tag }: Migration,
  { file }: DownText,
  isBack: boolean,
  expected: readonly string[],
  found: readonly string[],
): FleetError | undefined {
  const difference = differenceOf(expected, found);
  if (difference.missing.length === 0 && difference.extra.length === 0) return undefined;
  const message = isBack
    ? `the down of ${tag} does not lead back`
    : `${tag} gives another schema after its down`;
  return unequal(message, file, difference);
}

/** An object that hand-written SQL made, or that a migration forgot to drop. */
function unknownToSnapshot(fact: string, where: string): FleetError {
  return new FleetError("proof", `no snapshot has what the migrations make: ${fact}`, {
    where,
    remedy:
      "A migration forgot to drop it: write one that does. Or it is meant to be there: drizzle-fleet check --database --accept <why>",
    identity: { kind: "not-in-snapshot", of: fact },
  });
}

/** So many lines of a difference are shown. */
const longestDifference = 8;

function unequal(message: string, where: string, { missing, extra }: Difference): FleetError {
  const lines = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...extra.map((fact) => `too much: ${fact}`),
  ];
  const rest = lines.length - longestDifference;
  const shown = lines.slice(0, longestDifference);
  return new FleetError("proof", message, {
    where,
    excerpt: [...shown, ...(rest > 0 ? [`... and ${rest} more`] : [])].join("\n"),
    remedy:
      "Correct the file if nothing has applied it yet; otherwise put it right with a new migration.",
  });
}

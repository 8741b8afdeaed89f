import { catalogOf } from "../catalog/facts.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { readStatements } from "../sql/read-statements.ts";
import { withoutAutomaticNames } from "./automatic-names.ts";
import { applyUp, type Bench, dropScratchSchema, isCausedByRows } from "./bench.ts";
import { failsWithRowsError } from "./problems.ts";
import { type Filled, fillTables } from "./rows.ts";
import { isOneTransaction, runStatements } from "./run-statements.ts";

/**
 * A history that is applied migration by migration in a scratch schema, to tables with invented rows. As soon as a
 * migration refuses such rows, they are only inserted in transactions that are rolled back.
 */
export class ScratchHistory {
  readonly bench: Bench;
  readonly migrations: readonly Migration[];
  readonly schema: string;
  /** Migrations that fail in every tenant with rows. */
  readonly problems: FleetError[] = [];
  #filled: Filled | undefined;
  #keepsRows = true;

  constructor(bench: Bench, migrations: readonly Migration[], schema: string) {
    this.bench = bench;
    this.migrations = migrations;
    this.schema = schema;
  }

  /** False if the schema contains only the rows that the migrations themselves insert. */
  get keepsRows(): boolean {
    return this.#keepsRows;
  }

  /** The catalog of the schema, as lines. */
  async facts(): Promise<string[]> {
    return withoutAutomaticNames(await catalogOf(this.bench.session, this.schema));
  }

  /** Inserts rows into tables that lack them, if rows are kept. */
  async fill(): Promise<void> {
    if (this.#keepsRows) await this.fillNow();
  }

  /** Inserts rows even if rows are not kept; the caller then rolls back. */
  async fillNow(): Promise<void> {
    const { session, sharedSchemas } = this.bench;
    this.#filled = await fillTables(session, this.schema, {
      rows: 2,
      nulls: true,
      sharedSchemas,
      ...(this.#filled === undefined || !this.#keepsRows ? {} : { before: this.#filled }),
    });
  }

  /**
   * Applies the next migration. If it fails because of invented rows, it is applied without them: tenants may have other
   * rows.
   *
   * @returns why it cannot be applied; undefined if it was
   */
  async apply(migration: Migration): Promise<FleetError | undefined> {
    const apply = () => applyUp(this.bench, this.schema, this.migrations, migration);
    const failed = this.#keepsRows ? await apply() : await this.#failureWithRows(migration);
    if (failed !== undefined && isCausedByRows(failed)) {
      await this.stopKeepingRows(migration, "before");
      const problem = failsWithRowsError(migration, failed);
      if (problem !== undefined) this.problems.push(problem);
    } else if (this.#keepsRows) return failed;
    const again = await apply();
    if (again === undefined || !isCausedByRows(again)) return again;
    // Rolled-back rows used numbers of sequences, and the history needs these numbers for its own rows.
    await this.restart(migration, "before");
    return apply();
  }

  /** Tries a migration on tables with rows and rolls it back. A migration with several transactions is not tried. */
  async #failureWithRows({ file, text, tag }: Migration): Promise<FleetError | undefined> {
    const { session, allowanceOf } = this.bench;
    const { statements } = readStatements(file, text, allowanceOf(tag), []);
    if (!isOneTransaction(statements)) return undefined;
    await session.query("BEGIN");
    try {
      await this.fillNow();
      const failed = await runStatements(this.bench, this.schema, statements);
      if (failed === undefined) return undefined;
      const { error, line } = failed;
      return new FleetError("proof", error.message, { where: `${file}:${line}`, cause: error });
    } finally {
      await session.query("ROLLBACK");
    }
  }

  /** Removes the invented rows, and no longer keeps new ones. Rows that the history inserts stay. */
  async stopKeepingRows(migration: Migration, state: "before" | "after"): Promise<void> {
    if (!this.#keepsRows) return;
    this.#keepsRows = false;
    await this.restart(migration, state);
  }

  /** Creates the schema again, in its state before or after a migration. */
  async restart(migration: Migration, state: "before" | "after"): Promise<void> {
    await dropScratchSchema(this.bench.session, this.schema);
    this.#filled = undefined;
    const count = this.migrations.indexOf(migration) + (state === "after" ? 1 : 0);
    for (const one of this.migrations.slice(0, count))
      await applyUp(this.bench, this.schema, this.migrations, one);
  }
}

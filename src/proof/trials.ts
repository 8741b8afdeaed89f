import { statementBreakpoint } from "../autogenerate/down.ts";
import { constraintIn, type Difference, differenceOf } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import type { Direction } from "../core/rollout.ts";
import { readStatements } from "../sql/read-statements.ts";
import { type Arranged, arrange } from "./arrange.ts";
import { withoutAutomaticNames } from "./automatic-names.ts";
import type { Bench } from "./bench.ts";
import type { DraftStatement } from "./draft-statement.ts";
import { readDraftStatements, setSearchPath, textsOf } from "./read-draft-statements.ts";
import { columnsWithSequences, sequenceCorrections } from "./sequences.ts";

/** The SQL of a migration or a down as it ran, or why it failed. */
export interface TriedSql {
  readonly statements: readonly string[];
  /** The statements that fail for some rows, with the server's errors. */
  readonly needs: readonly string[];
  /** Why it is unfinished; undefined if it runs. */
  readonly unfinished?: string;
}

/** A scratch schema in which statements are tried. */
export class Trials {
  readonly bench: Bench;
  readonly schema: string;
  /** True if the caller has begun a transaction, which must stay usable after errors. */
  readonly together: boolean;

  constructor(bench: Bench, schema: string, together = false) {
    this.bench = bench;
    this.schema = schema;
    this.together = together;
  }

  /** A schema with the structure that this one will have after the statements; created at the first call. */
  described: () => Promise<string | undefined> = async () => undefined;

  async facts(): Promise<string[]> {
    return withoutAutomaticNames(await catalogOf(this.bench.session, this.schema));
  }

  /** Runs statements in an order in which they succeed, and keeps their changes. */
  async run(direction: Direction, chunks: readonly string[]): Promise<Arranged> {
    const { session, sharedSchemas } = this.bench;
    await session.query(setSearchPath([this.schema, ...sharedSchemas]));
    const read = (text: string): DraftStatement => {
      const [statement] = this.read([text], direction);
      if (statement === undefined) throw new Error(`no statement: ${text}`);
      return statement;
    };
    const { schema, together } = this;
    const described = () => this.described();
    const trial = { session, schema, direction, read, together, described };
    const keys = await columnsWithSequences(session, schema);
    const arranged = await arrange(trial, this.read(chunks, direction));
    if (arranged.stuck !== undefined) return arranged;
    const columns = arranged.statements.flatMap(({ subjects }) => subjects);
    const raised = (await sequenceCorrections(session, schema, columns, keys)).map(read);
    const more = await arrange(trial, raised);
    return {
      ...more,
      statements: [...arranged.statements, ...more.statements],
      needs: arranged.needs,
    };
  }

  /** Runs a down, and checks that it restores the catalog. */
  async revert(chunks: readonly string[], facts: readonly string[]): Promise<TriedSql> {
    const back = await this.run("down", chunks);
    const down = triedSql(chunks, back);
    if (down.unfinished !== undefined) return down;
    const renames = namesToRestore(differenceOf(facts, await this.facts()));
    const renamed = renames.length === 0 ? undefined : await this.run("down", renames);
    const difference = differenceOf(facts, await this.facts());
    const statements = [...down.statements, ...(renamed === undefined ? [] : renames)];
    const unfinished = differenceText(difference);
    if (unfinished === undefined) return { ...down, statements };
    return { ...down, statements, unfinished: `it does not restore the schema: ${unfinished}` };
  }

  private read(chunks: readonly string[], direction: Direction): DraftStatement[] {
    const allowance = this.bench.allowanceOf("draft");
    if (direction === "up") return readDraftStatements(chunks, this.schema, allowance);
    // A down contains only statements that revert its migration, so it may change what the migration made.
    const { changedOutside } = readStatements(
      "the new SQL",
      chunks.join(statementBreakpoint),
      allowance,
      [],
    );
    return readDraftStatements(
      chunks,
      this.schema,
      this.bench.allowanceOf("draft", { changedOutside }),
    );
  }
}

/** Statements as they ran; or the given ones, with the reason why they failed. */
export function triedSql(
  chunks: readonly string[],
  { statements: ran, stuck, needs }: Arranged,
): TriedSql {
  const texts = textsOf(ran);
  const spelled = (sql: string) => sql.replace(/[;\s]/g, "");
  // Without changes, the text stays exactly as drizzle-kit wrote it.
  const statements = spelled(texts.join("")) === spelled(chunks.join("")) ? [...chunks] : texts;
  if (stuck === undefined) return { statements, needs };
  const { statement, error } = stuck;
  return { statements: [...chunks], needs, unfinished: `${error.message}: ${statement.text}` };
}

/** The SQL that gives a restored constraint its former name. */
function namesToRestore({ missing, extra }: Difference): string[] {
  const found = extra.flatMap((fact) => constraintIn(fact) ?? []);
  return missing.flatMap((fact) => {
    const own = constraintIn(fact);
    const same = found.find(
      ({ table, definition }) => table === own?.table && definition === own.definition,
    );
    if (own === undefined || same === undefined) return [];
    return [`ALTER TABLE ${own.table} RENAME CONSTRAINT ${same.name} TO ${own.name};`];
  });
}

/** A difference in one line; undefined if there is none. */
export function differenceText({ missing, extra }: Difference): string | undefined {
  const facts = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...extra.map((fact) => `unexpected: ${fact}`),
  ];
  return facts.length === 0 ? undefined : facts.slice(0, 3).join("; ");
}

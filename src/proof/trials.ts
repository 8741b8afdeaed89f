import { constraintIn, type Difference, differenceOf } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import { readStatements } from "../sql/read-statements.ts";
import { type Arranged, arrange } from "./arrange.ts";
import type { Bench } from "./bench.ts";
import { withoutAutomaticNames } from "./compare.ts";
import type { Direction, Move } from "./move.ts";
import { breakpoint, chunksOf, movesOf, searchIn } from "./moves.ts";
import { keysOf, sequencesBehind } from "./sequences.ts";

/** One direction of a migration, as it ran; or what the server says against it. */
export interface Direct {
  readonly statements: readonly string[];
  /** What only runs where the rows allow it, in the server's words. */
  readonly needs: readonly string[];
  /** Why it is written as unfinished. */
  readonly unfinished?: string;
}

/** A scratch schema in which statements are tried out. */
export class Trials {
  readonly bench: Bench;
  readonly schema: string;
  /** True: in a transaction, which stays usable whatever fails. */
  readonly together: boolean;

  constructor(bench: Bench, schema: string, together = false) {
    this.bench = bench;
    this.schema = schema;
    this.together = together;
  }

  /** A schema that is as the newest statements are to leave this one, made when it is first asked for. */
  described: () => Promise<string | undefined> = async () => undefined;

  async facts(): Promise<string[]> {
    return withoutAutomaticNames(await catalogOf(this.bench.session, this.schema));
  }

  /** Runs statements in an order that works, and leaves the schema as they make it. */
  async take(direction: Direction, chunks: readonly string[]): Promise<Arranged> {
    const { session, sharedSchemas } = this.bench;
    await session.query(searchIn([this.schema, ...sharedSchemas]));
    const read = (text: string): Move => {
      const [move] = this.read([text], direction);
      if (move === undefined) throw new Error(`no statement: ${text}`);
      return move;
    };
    const moves = this.read(chunks, direction);
    const { schema, together } = this;
    const described = () => this.described();
    const trial = { session, schema, direction, read, together, described };
    const keys = await keysOf(session, schema);
    const arranged = await arrange(trial, moves);
    if (arranged.stuck !== undefined) return arranged;
    const columns = arranged.moves.flatMap(({ subjects }) => subjects);
    const raised = (await sequencesBehind(session, schema, columns, keys)).map(read);
    const more = await arrange(trial, raised);
    return { ...more, moves: [...arranged.moves, ...more.moves], needs: arranged.needs };
  }

  /** Runs a down, and makes sure that it restores these facts. */
  async returning(chunks: readonly string[], facts: readonly string[]): Promise<Direct> {
    const back = await this.take("down", chunks);
    const down = direct(chunks, back);
    if (down.unfinished !== undefined) return down;
    const renames = namesToRestore(differenceOf(facts, await this.facts()));
    const renamed = renames.length === 0 ? undefined : await this.take("down", renames);
    const difference = differenceOf(facts, await this.facts());
    const statements = [...down.statements, ...(renamed === undefined ? [] : renames)];
    const unfinished = inWords(difference);
    if (unfinished === undefined) return { ...down, statements };
    return { ...down, statements, unfinished: `it does not restore the schema: ${unfinished}` };
  }

  private read(chunks: readonly string[], direction: Direction): Move[] {
    const allowance = this.bench.allowanceOf("draft");
    if (direction === "up") return movesOf(chunks, this.schema, allowance);
    // A down's statements were chosen by what its migration did.
    const { changedOutside } = readStatements(
      "the new SQL",
      chunks.join(breakpoint),
      allowance,
      [],
    );
    return movesOf(chunks, this.schema, this.bench.allowanceOf("draft", { changedOutside }));
  }
}

/** What became of statements: as they ran, or as they came with the reason why they do not run. */
export function direct(chunks: readonly string[], { moves, stuck, needs }: Arranged): Direct {
  const texts = chunksOf(moves);
  const spelled = (sql: string) => sql.replace(/[;\s]/g, "");
  // What came as it is written stays as drizzle-kit wrote it.
  const statements = spelled(texts.join("")) === spelled(chunks.join("")) ? [...chunks] : texts;
  if (stuck === undefined) return { statements, needs };
  const { move, error } = stuck;
  return { statements: [...chunks], needs, unfinished: `${error.message}: ${move.text}` };
}

/** A constraint that came back under a name of its own gets the one that it had. */
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

/** A difference in a line; undefined when there is none. */
export function inWords({ missing, extra }: Difference): string | undefined {
  const facts = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...extra.map((fact) => `unexpected: ${fact}`),
  ];
  return facts.length === 0 ? undefined : facts.slice(0, 3).join("; ");
}

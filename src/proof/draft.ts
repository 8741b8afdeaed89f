import type { Migration } from "../core/migration.ts";
import { catalogOf } from "../drift/catalog.ts";
import { type Difference, differenceFromSnapshot, differenceOf } from "../drift/compare.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { checksumOf } from "../source/checksums.ts";
import { type Arranged, arrange, type Direction, type Move } from "./arrange.ts";
import { applyDown, applyUp, type Bench, withScratchSchema } from "./bench.ts";
import { withoutAutomaticNames } from "./compare.ts";
import { chunksOf, movesOf, searchIn, withNamesOfKeys } from "./moves.ts";
import { fillTables } from "./rows.ts";
import { sequencesBelow } from "./sequences.ts";

/** A migration that is about to be written. */
export interface Draft {
  /** The service's migrations before it. */
  readonly history: readonly Migration[];
  readonly statements: readonly string[];
  /** Makes the way back from the text of the way there. */
  readonly reverse: (up: string) => Promise<{
    readonly remarks: readonly string[];
    readonly statements: readonly string[];
  }>;
  /** The SQL that makes the whole Drizzle schema from nothing, before and after the change. */
  readonly described: (when: "before" | "after") => Promise<readonly string[]>;
}

/** One direction of a migration, as it ran; or what the server says against it. */
export interface Direct {
  readonly statements: readonly string[];
  /** What only runs where the rows allow it, in the server's words. */
  readonly needs: readonly string[];
  /** Why it cannot be written as if it were fine. */
  readonly unfinished?: string;
}

export interface ProvedDraft {
  readonly up: Direct;
  readonly down: Direct;
  readonly remarks: readonly string[];
}

/**
 * Tries a new migration before it is written: after the history, in tables with rows, there, back, and there again.
 * Statements in an order that fails are put in one that runs, and what we know is repaired.
 *
 * @returns the statements that ran; or, in words, why nothing could be tried
 */
export async function proveDraft(bench: Bench, draft: Draft): Promise<ProvedDraft | string> {
  return withScratchSchema(bench.session, async (schema) => {
    const failed = await replay(bench, schema, draft.history);
    if (failed !== undefined) return failed;
    const trial = new DraftTrial(bench, schema);
    await fillTables(bench.session, schema, rows(bench));
    const before = await trial.facts();
    const chunks = await withNamesOfKeys(bench.session, schema, draft.statements);
    const there = await trial.take("up", chunks);
    const up = direct(chunks, there);
    if (up.unfinished !== undefined) return withUnprovedDown(draft, up);
    const after = await trial.facts();
    const missing = await undescribed(bench, draft, after);
    if (missing !== undefined)
      return withUnprovedDown(draft, {
        ...up,
        unfinished: `it does not make what the Drizzle schema describes: ${missing}`,
      });
    const { remarks, statements } = await draft.reverse(up.statements.join("\n"));
    if (statements.length === 0) return { up, down: { statements, needs: [] }, remarks };
    await fillTables(bench.session, schema, rows(bench));
    const backChunks = await withNamesOfKeys(bench.session, schema, statements);
    const down = await trial.returning(backChunks, before);
    if (down.unfinished !== undefined) return { up, down, remarks };
    const again = await engineProof(trial, draft, up, down, { before, after });
    return { up, down: again === undefined ? down : { ...down, unfinished: again }, remarks };
  });
}

/** A row with values, and one with NULL where it may be. */
function rows({ sharedSchemas }: Bench) {
  return { rows: 2, nulls: true, sharedSchemas };
}

async function withUnprovedDown(draft: Draft, up: Direct): Promise<ProvedDraft> {
  const { remarks, statements } = await draft.reverse(up.statements.join("\n"));
  const unfinished = "the migration itself is not finished";
  return { up, down: { statements, needs: [], unfinished }, remarks };
}

/** Brings a scratch schema to the newest migration; in words, what is in the way. */
async function replay(
  bench: Bench,
  schema: string,
  history: readonly Migration[],
): Promise<string | undefined> {
  if (history.length === 0) await bench.session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  for (const migration of history) {
    const failed = await applyUp(bench, schema, history, migration);
    if (failed !== undefined) return `${migration.tag} does not apply: ${failed.message}`;
  }
  return undefined;
}

/** The scratch schema of a draft. */
class DraftTrial {
  readonly bench: Bench;
  readonly schema: string;

  constructor(bench: Bench, schema: string) {
    this.bench = bench;
    this.schema = schema;
  }

  async facts(): Promise<string[]> {
    return withoutAutomaticNames(await catalogOf(this.bench.session, this.schema));
  }

  /** Runs statements in an order that works, and leaves the schema as they make it. */
  async take(direction: Direction, chunks: readonly string[]): Promise<Arranged> {
    const { session, sharedSchemas } = this.bench;
    await session.query(searchIn([this.schema, ...sharedSchemas]));
    const read = (text: string): Move => {
      const [move] = this.read([text]);
      if (move === undefined) throw new Error(`no statement: ${text}`);
      return move;
    };
    const moves = this.read(chunks);
    const trial = { session, schema: this.schema, direction, read };
    const arranged = await arrange(trial, moves);
    if (arranged.stuck !== undefined) return arranged;
    const columns = arranged.moves.flatMap(({ subjects }) => subjects);
    const raised = (await sequencesBelow(session, this.schema, columns)).map(read);
    const more = await arrange(trial, raised);
    return { ...more, moves: [...arranged.moves, ...more.moves], needs: arranged.needs };
  }

  /** Takes a way back, and sees to it that it leads to these facts. */
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
    return { ...down, statements, unfinished: `it does not lead back: ${unfinished}` };
  }

  private read(chunks: readonly string[]): Move[] {
    return movesOf(chunks, this.schema, this.bench.allowanceOf("draft"));
  }
}

function direct(chunks: readonly string[], { moves, stuck, needs }: Arranged): Direct {
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
  const parse = (fact: string) => /^constraint (\S+)\.(\S+) (.+)$/.exec(fact)?.slice(1);
  const found = extra.flatMap((fact) => {
    const parts = parse(fact);
    return parts === undefined ? [] : [parts];
  });
  return missing.flatMap((fact) => {
    const [table = "", name = "", definition] = parse(fact) ?? [];
    const same = found.find((one) => one[0] === table && one[2] === definition);
    if (same === undefined) return [];
    const from = quoteIdentifier(same[1] ?? "");
    return [`ALTER TABLE ${table} RENAME CONSTRAINT ${from} TO ${quoteIdentifier(name)};`];
  });
}

/** What the change leaves out of the Drizzle schema; what was missing before it is not its fault. */
async function undescribed(
  bench: Bench,
  draft: Draft,
  made: readonly string[],
): Promise<string | undefined> {
  const wanting = async (when: "before" | "after", facts: readonly string[]) => {
    const chunks = await draft.described(when);
    return withScratchSchema(bench.session, async (schema) => {
      const trial = new DraftTrial(bench, schema);
      await bench.session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
      const { stuck } = await trial.take("up", chunks);
      return stuck === undefined ? differenceFromSnapshot(await trial.facts(), facts) : undefined;
    });
  };
  const now = await wanting("after", made);
  if (now === undefined || inWords(now) === undefined) return undefined;
  if (draft.history.length === 0) return inWords(now);
  return withScratchSchema(bench.session, async (schema) => {
    await replay(bench, schema, draft.history);
    const then = await wanting("before", await new DraftTrial(bench, schema).facts());
    return (
      then &&
      inWords({
        missing: now.missing.filter((fact) => !then.missing.includes(fact)),
        extra: now.extra.filter((fact) => !then.extra.includes(fact)),
      })
    );
  });
}

/** Takes both files as a rollout does; in words, what does not hold. */
async function engineProof(
  { bench, schema }: DraftTrial,
  { history }: Draft,
  up: Direct,
  down: Direct,
  facts: { readonly before: readonly string[]; readonly after: readonly string[] },
): Promise<string | undefined> {
  const migration = { ...fileOf(bench.service, up.statements), tag: "~draft", downFile: "" };
  const migrations = [...history, migration];
  const way = fileOf(bench.service, down.statements);
  const hasRows = up.needs.length === 0 && down.needs.length === 0;
  const trial = new DraftTrial(bench, schema);
  for (const step of ["up", "down", "up again"] as const) {
    if (hasRows) await fillTables(bench.session, schema, rows(bench));
    const failed =
      step === "down"
        ? await applyDown(bench, schema, migrations, migration, way)
        : await applyUp(bench, schema, migrations, migration);
    if (failed !== undefined) return `${step}: ${failed.message}`;
    const expected = step === "down" ? facts.before : facts.after;
    const difference = inWords(differenceOf(expected, await trial.facts()));
    if (difference !== undefined) return `${step}: ${difference}`;
  }
  return undefined;
}

function fileOf(service: string, statements: readonly string[]) {
  const text = statements.join("\n");
  return { service, file: "the new SQL", checksum: checksumOf(text), text };
}

/** A difference in a line; undefined when there is none. */
function inWords({ missing, extra }: Difference): string | undefined {
  const facts = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...extra.map((fact) => `too much: ${fact}`),
  ];
  return facts.length === 0 ? undefined : facts.slice(0, 3).join("; ");
}

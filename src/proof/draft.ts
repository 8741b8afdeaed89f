import { differenceFromSnapshot, differenceOf } from "../catalog/compare.ts";
import { isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { checksumOf } from "../source/checksums.ts";
import { readStatements } from "../sql/read-statements.ts";
import { applyDown, applyUp, type Bench, isOfRows, withScratchSchema } from "./bench.ts";
import { besideShared } from "./beside.ts";
import { withNamesOfKeys } from "./moves.ts";
import { emptyTables } from "./repairs.ts";
import { fillTables } from "./rows.ts";
import { type Direct, direct, inWords, Trials } from "./trials.ts";

/** A migration that is about to be written. */
export interface Draft {
  /** The service's migrations before it. */
  readonly history: readonly Migration[];
  readonly statements: readonly string[];
  /** Makes the down's SQL from the migration's text. */
  readonly reverse: (up: string) => Promise<{
    readonly remarks: readonly string[];
    readonly statements: readonly string[];
  }>;
  /** The SQL that makes what the Drizzle schema declares in shared schemas. */
  readonly shared: () => Promise<readonly string[]>;
  /** The SQL that makes the whole Drizzle schema from nothing, before and after the change. */
  readonly described: (when: "before" | "after") => Promise<readonly string[]>;
}

export interface ProvedDraft {
  readonly up: Direct;
  readonly down: Direct;
  readonly remarks: readonly string[];
}

/**
 * Tries a new migration before it is written: after the history, in tables with rows, it runs the migration, its down,
 * and the migration again.
 * Statements in an order that fails are put in one that runs, and what we know is repaired.
 *
 * @returns the statements that ran; or, in words, why nothing could be tried
 */
export async function proveDraft(bench: Bench, draft: Draft): Promise<ProvedDraft | string> {
  const text = draft.statements.join("\n");
  // The schemas that it is compared with would refer to the same objects, and hold them.
  const { changedOutside } = readStatements("the new SQL", text, bench.allowanceOf("draft"), []);
  if (changedOutside.length > 0)
    return `it works in the schema "${changedOutside[0]?.schema}", which is not the service's own`;
  const texts = [...draft.history, { tag: "draft", file: "the new SQL", text }];
  const tried = await besideShared(bench, texts, draft.shared, () => tryDraft(bench, draft));
  return isFleetError(tried) ? tried.message : tried;
}

function tryDraft(bench: Bench, draft: Draft): Promise<ProvedDraft | string> {
  const { session } = bench;
  return withScratchSchema(session, (schema) =>
    withScratchSchema(session, (before) =>
      withScratchSchema(session, (after) =>
        proved(bench, draft, schema, {
          before: described(bench, draft, "before", before),
          after: described(bench, draft, "after", after),
        }),
      ),
    ),
  );
}

type When = "before" | "after";

/** Makes a schema as the snapshot describes it, once; undefined where its own SQL does not run. */
function described(
  bench: Bench,
  draft: Draft,
  when: When,
  schema: string,
): () => Promise<string | undefined> {
  let made: Promise<string | undefined> | undefined;
  const make = async () => {
    const path = await bench.session.query<{ path: string }>(
      "SELECT current_setting('search_path') AS path",
    );
    await bench.session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
    const { stuck } = await new Trials(bench, schema).take("up", await draft.described(when));
    await bench.session.query("SELECT set_config('search_path', $1, false)", [path[0]?.path]);
    return stuck === undefined ? schema : undefined;
  };
  return () => {
    made ??= make();
    return made;
  };
}

async function proved(
  bench: Bench,
  draft: Draft,
  schema: string,
  goals: Readonly<Record<When, () => Promise<string | undefined>>>,
): Promise<ProvedDraft | string> {
  const failed = await replay(bench, schema, draft.history);
  if (failed !== undefined) return failed;
  const trial = new Trials(bench, schema);
  trial.described = goals.after;
  const filled = await fillTables(bench.session, schema, rows(bench));
  const before = await trial.facts();
  const chunks = await withNamesOfKeys(bench.session, schema, draft.statements);
  const there = await trial.take("up", chunks);
  const up = direct(chunks, there);
  if (up.unfinished !== undefined) return withUnprovedDown(draft, up);
  const after = await trial.facts();
  const missing = await undescribed(bench, draft, goals, after);
  if (missing !== undefined)
    return withUnprovedDown(draft, {
      ...up,
      unfinished: `it does not make what the Drizzle schema describes: ${missing}`,
    });
  const { remarks, statements } = await draft.reverse(up.statements.join("\n"));
  if (statements.length === 0) return { up, down: { statements, needs: [] }, remarks };
  await fillTables(bench.session, schema, { ...rows(bench), before: filled });
  const backChunks = await withNamesOfKeys(bench.session, schema, statements);
  trial.described = goals.before;
  const down = await trial.returning(backChunks, before);
  if (down.unfinished !== undefined) return { up, down, remarks };
  return { ...(await engineProof(trial, draft, { up, down }, { before, after })), remarks };
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

/** Brings a scratch schema to the newest migration; returns in words why that fails. */
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

/** What the change leaves out of the Drizzle schema; what was missing before it is not its fault. */
async function undescribed(
  bench: Bench,
  draft: Draft,
  goals: Readonly<Record<When, () => Promise<string | undefined>>>,
  made: readonly string[],
): Promise<string | undefined> {
  const wanting = async (when: When, facts: readonly string[]) => {
    const goal = await goals[when]();
    if (goal === undefined) return { missing: [], extra: [] };
    return differenceFromSnapshot(await new Trials(bench, goal).facts(), facts);
  };
  const now = await wanting("after", made);
  if (inWords(now) === undefined || draft.history.length === 0) return inWords(now);
  return withScratchSchema(bench.session, async (schema) => {
    await replay(bench, schema, draft.history);
    const then = await wanting("before", await new Trials(bench, schema).facts());
    return inWords({
      missing: now.missing.filter((fact) => !then.missing.includes(fact)),
      extra: now.extra.filter((fact) => !then.extra.includes(fact)),
    });
  });
}

/** Takes both files as a rollout does. What rows refuse is tried again without any, and said. */
async function engineProof(
  { bench, schema }: Trials,
  { history }: Draft,
  { up, down }: Pick<ProvedDraft, "up" | "down">,
  facts: Readonly<Record<When, readonly string[]>>,
): Promise<Pick<ProvedDraft, "up" | "down">> {
  const migration = { ...fileOf(bench.service, up.statements), tag: "~draft", downFile: "" };
  const migrations = [...history, migration];
  const way = fileOf(bench.service, down.statements);
  const needs = { up: [...up.needs], down: [...down.needs] };
  const said = (unfinished?: string) => ({
    up: { ...up, needs: needs.up },
    down: { ...down, needs: needs.down, ...(unfinished === undefined ? {} : { unfinished }) },
  });
  const trial = new Trials(bench, schema);
  for (const step of ["up", "down", "up again"] as const) {
    const direction = step === "down" ? "down" : "up";
    if (needs[direction].length === 0) await fillTables(bench.session, schema, rows(bench));
    const take = () =>
      direction === "down"
        ? applyDown(bench, schema, migrations, migration, way)
        : applyUp(bench, schema, migrations, migration);
    let failed = await take();
    if (failed !== undefined && isOfRows(failed) && (await emptyTables(bench.session, schema))) {
      if (needs[direction].length === 0) needs[direction].push(failed.message);
      failed = await take();
    }
    if (failed !== undefined) return said(`${step}: ${failed.message}`);
    const expected = direction === "down" ? facts.before : facts.after;
    const difference = inWords(differenceOf(expected, await trial.facts()));
    if (difference !== undefined) return said(`${step}: ${difference}`);
  }
  return said();
}

function fileOf(service: string, statements: readonly string[]) {
  const text = statements.join("\n");
  return { service, file: "the new SQL", checksum: checksumOf(text), text };
}

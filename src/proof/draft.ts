import { differenceFromSnapshot, differenceOf } from "../catalog/compare.ts";
import { type FleetError, isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { checksumOf } from "../source/checksums.ts";
import { readStatements } from "../sql/read-statements.ts";
import { applyDown, applyUp, type Bench, isCausedByRows, withScratchSchema } from "./bench.ts";
import { emptyTables } from "./empty-tables.ts";
import { withPrimaryKeyNames } from "./read-draft-statements.ts";
import { replay } from "./replay.ts";
import { fillTables } from "./rows.ts";
import { withSharedSchemas } from "./shared-schemas.ts";
import { differenceText, Trials, type TriedSql, triedSql } from "./trials.ts";

/** A migration to be proved before it is written. */
export interface DraftToProve {
  /** The service's migrations before it. */
  readonly history: readonly Migration[];
  readonly statements: readonly string[];
  /** Derives the down's SQL from the migration's text. */
  readonly reverse: (up: string) => Promise<{
    readonly remarks: readonly string[];
    readonly statements: readonly string[];
  }>;
  /** The SQL for the objects that the Drizzle schema declares in shared schemas. */
  readonly shared: () => Promise<readonly string[]>;
  /** The SQL that creates the Drizzle schema's objects from nothing, before or after the change. */
  readonly described: (when: "before" | "after") => Promise<readonly string[]>;
}

/** A new migration and its down, as they ran. */
export interface ProvedDraft {
  readonly up: TriedSql;
  readonly down: TriedSql;
  readonly remarks: readonly string[];
}

/**
 * Proves a new migration before it is written: after the history, in tables with rows, it runs the migration, its down,
 * and the migration again. Statements that fail in the given order are reordered, and known failures are repaired.
 *
 * @returns the statements that ran; or, if nothing could be tried, the reason as a text
 */
export async function proveDraft(bench: Bench, draft: DraftToProve): Promise<ProvedDraft | string> {
  const text = draft.statements.join("\n");
  // The scratch schemas to compare with would use the same objects outside of their own schema.
  const { changedOutside } = readStatements("the new SQL", text, bench.allowanceOf("draft"), []);
  if (changedOutside.length > 0)
    return `it changes the schema "${changedOutside[0]?.schema}", which is not the service's own`;
  const texts = [...draft.history, { tag: "draft", file: "the new SQL", text }];
  const tried = await withSharedSchemas(bench, texts, draft.shared, () => tryDraft(bench, draft));
  return isFleetError(tried) ? tried.message : tried;
}

function tryDraft(bench: Bench, draft: DraftToProve): Promise<ProvedDraft | string> {
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

/** Creates a schema from a snapshot at the first call. Returns undefined if the snapshot's own SQL fails. */
function described(
  bench: Bench,
  draft: DraftToProve,
  when: When,
  schema: string,
): () => Promise<string | undefined> {
  let made: Promise<string | undefined> | undefined;
  const make = async () => {
    const path = await bench.session.query<{ path: string }>(
      "SELECT current_setting('search_path') AS path",
    );
    await bench.session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
    const { stuck } = await new Trials(bench, schema).run("up", await draft.described(when));
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
  draft: DraftToProve,
  schema: string,
  goals: Readonly<Record<When, () => Promise<string | undefined>>>,
): Promise<ProvedDraft | string> {
  const failed = await replay(bench, schema, draft.history);
  if (failed !== undefined)
    return `${failed.migration.tag} cannot be applied: ${failed.error.message}`;
  const trial = new Trials(bench, schema);
  trial.described = goals.after;
  const filled = await fillTables(bench.session, schema, rows(bench));
  const before = await trial.facts();
  const chunks = await withPrimaryKeyNames(bench.session, schema, draft.statements);
  const up = triedSql(chunks, await trial.run("up", chunks));
  if (up.unfinished !== undefined) return withUnprovedDown(draft, up);
  const after = await trial.facts();
  const missing = await undescribed(bench, draft, goals, after);
  if (missing !== undefined)
    return withUnprovedDown(draft, {
      ...up,
      unfinished: `it does not create the schema that the Drizzle schema describes: ${missing}`,
    });
  const { remarks, statements } = await draft.reverse(up.statements.join("\n"));
  if (statements.length === 0) return { up, down: { statements, needs: [] }, remarks };
  await fillTables(bench.session, schema, { ...rows(bench), before: filled });
  const downChunks = await withPrimaryKeyNames(bench.session, schema, statements);
  trial.described = goals.before;
  const down = await trial.revert(downChunks, before);
  if (down.unfinished !== undefined) return { up, down, remarks };
  return { ...(await proveAsRollout(trial, draft, { up, down }, { before, after })), remarks };
}

/** One row with values, and one with NULL where it is allowed. */
function rows({ sharedSchemas }: Bench) {
  return { rows: 2, nulls: true, sharedSchemas };
}

async function withUnprovedDown(draft: DraftToProve, up: TriedSql): Promise<ProvedDraft> {
  const { remarks, statements } = await draft.reverse(up.statements.join("\n"));
  const unfinished = "the migration itself is unfinished";
  return { up, down: { statements, needs: [], unfinished }, remarks };
}

/** The objects of the Drizzle schema that the change does not create, except those that were missing before. */
async function undescribed(
  bench: Bench,
  draft: DraftToProve,
  goals: Readonly<Record<When, () => Promise<string | undefined>>>,
  made: readonly string[],
): Promise<string | undefined> {
  const wanting = async (when: When, facts: readonly string[]) => {
    const goal = await goals[when]();
    if (goal === undefined) return { missing: [], extra: [] };
    return differenceFromSnapshot(await new Trials(bench, goal).facts(), facts);
  };
  const now = await wanting("after", made);
  if (differenceText(now) === undefined || draft.history.length === 0) return differenceText(now);
  return withScratchSchema(bench.session, async (schema) => {
    await replay(bench, schema, draft.history);
    const then = await wanting("before", await new Trials(bench, schema).facts());
    return differenceText({
      missing: now.missing.filter((fact) => !then.missing.includes(fact)),
      extra: now.extra.filter((fact) => !then.extra.includes(fact)),
    });
  });
}

/**
 * Applies both files as a rollout does: up, down and up again. A file that fails because of rows is applied without rows,
 * and the error becomes one of its needs.
 */
async function proveAsRollout(
  trial: Trials,
  { history }: DraftToProve,
  { up, down }: Pick<ProvedDraft, "up" | "down">,
  facts: Readonly<Record<When, readonly string[]>>,
): Promise<Pick<ProvedDraft, "up" | "down">> {
  const { bench, schema } = trial;
  const migration = { ...fileOf(bench.service, up.statements), tag: "~draft", downFile: "" };
  const migrations = [...history, migration];
  const downFile = fileOf(bench.service, down.statements);
  const needs = { up: [...up.needs], down: [...down.needs] };
  const result = (unfinished?: string) => ({
    up: { ...up, needs: needs.up },
    down: { ...down, needs: needs.down, ...(unfinished === undefined ? {} : { unfinished }) },
  });
  for (const step of ["up", "down", "up again"] as const) {
    const direction = step === "down" ? "down" : "up";
    const apply = () =>
      direction === "down"
        ? applyDown(bench, schema, migrations, { migration, down: downFile })
        : applyUp(bench, schema, migrations, migration);
    const failed = await applyDespiteRows(trial, needs[direction], apply);
    if (failed !== undefined) return result(`${step}: ${failed.message}`);
    const expected = direction === "down" ? facts.before : facts.after;
    const difference = differenceText(differenceOf(expected, await trial.facts()));
    if (difference !== undefined) return result(`${step}: ${difference}`);
  }
  return result();
}

/** Applies a file to tables with rows, and to empty ones if rows make it fail. */
async function applyDespiteRows(
  { bench, schema }: Trials,
  needs: string[],
  apply: () => Promise<FleetError | undefined>,
): Promise<FleetError | undefined> {
  if (needs.length === 0) await fillTables(bench.session, schema, rows(bench));
  const failed = await apply();
  if (failed === undefined || !isCausedByRows(failed)) return failed;
  if (!(await emptyTables(bench.session, schema))) return failed;
  if (needs.length === 0) needs.push(failed.message);
  return apply();
}

function fileOf(service: string, statements: readonly string[]) {
  const text = statements.join("\n");
  return { service, file: "the new SQL", checksum: checksumOf(text), text };
}

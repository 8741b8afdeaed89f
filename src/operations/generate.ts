import { relative } from "node:path";
import {
  type Ask,
  type Decisions,
  decide,
  flagsFor,
  questionText,
  type RenameQuestion,
  refuseUnused,
  undecided,
} from "../autogenerate/decisions.ts";
import { compareSchema, questionsOf, type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import {
  type DroppedTables,
  droppedTables,
  droppedText,
  dropsOf,
  refuseDropped,
} from "../autogenerate/dropped-tables.ts";
import { nameFor } from "../autogenerate/name.ts";
import { leftOutText, unexpressedIn } from "../autogenerate/unexpressed.ts";
import { type Draft, type DraftSql, draftMigration } from "../autogenerate/write.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { faultKey } from "../core/fault.ts";
import { type Context, migrationsFolder, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { type Change, draftSql } from "../proof/draft-sql.ts";
import { readDraft } from "../proof/read-draft.ts";
import type { ProofOptions } from "../proof/scratch.ts";
import { readAccepted } from "../source/accepted.ts";
import { inspectFolder } from "../source/inspect.ts";
import { loadParser } from "../sql/parser.ts";
import { openHeads } from "./history.ts";

export interface GenerateOptions extends ProofOptions {
  readonly services: readonly string[];
  /** What the tag says after its number; without it, a name is made from the SQL. */
  readonly name?: string | undefined;
  /** An empty migration to fill in, such as a backfill. */
  readonly custom?: boolean;
  /** Write nothing: the caller shows what would be written. */
  readonly dryRun?: boolean;
  /** Write SQL that is refused, too: a person finishes it. */
  readonly byHand?: boolean;
  /** What is said beforehand about renames. */
  readonly decisions?: Decisions;
  /** Asks a person what became of something that went; undefined when nobody is there. */
  readonly ask?: Ask | undefined;
  /** Asks a person a question to be answered by yes or no. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/** What became of one service: its new migration, or none when its schema has no change. */
export interface Generated {
  readonly service: string;
  readonly migration: Omit<Draft, "write" | "service"> | undefined;
}

/**
 * Makes one migration, with its down, for each service whose Drizzle schema changed. Nothing is written when it throws.
 *
 * @throws FleetError `rename` when a possible rename was not decided, `merge` while branches are open;
 *   `schema` when drizzle-kit's SQL cannot be read, `isolation` when it leaves its tenant
 */
export async function generate(context: Context, options: GenerateOptions): Promise<Generated[]> {
  const { fleet, root } = context.config;
  await loadParser();
  const selected = selectServices(fleet, options.services);
  for (const [service] of selected) await refuseBranches(context, service);
  const diffs = await Promise.all(
    selected.map(([service, config]) => compareSchema(service, config, root)),
  );
  const drafts =
    options.custom === true
      ? await Promise.all(
          diffs.map((diff) => draftMigration(diff, options.name ?? "custom", undefined, undecided)),
        )
      : await draftsOf(context, diffs, options);
  // Nothing is written before all is decided and drafted.
  if (options.dryRun !== true) await writeDrafts(context, drafts);
  return diffs.map(({ service }, index) => ({ service, migration: shown(drafts[index]) }));
}

/** Writes the migrations of several services, all or none. */
export function writeDrafts(context: Context, drafts: Iterable<Draft | undefined>): Promise<void> {
  return unlessInterrupted(context, async () => {
    for (const draft of drafts) await draft?.write();
  });
}

/** A migration on top of branches that were never compared might not run after them. */
async function refuseBranches(context: Context, service: string): Promise<void> {
  const path = migrationsFolder(context, service);
  const heads = await openHeads(path);
  if (heads.length < 2 || (await areAccepted(service, path))) return;
  throw new FleetError("merge", `${service} has open branches: ${heads.join(" and ")}`, {
    where: relative(process.cwd(), migrationsFolder(context, service)),
    remedy: `Merge them first: drizzle-fleet merge ${service}. Nothing was written.`,
  });
}

/** True where check --accept has recorded every pair of branches: they were released long ago, in the journal's order. */
async function areAccepted(service: string, path: string): Promise<boolean> {
  const accepted = await readAccepted(path);
  const { problems } = await inspectFolder(service, path);
  const branches = problems.flatMap(({ identity }) =>
    identity?.kind === "branch" ? faultKey(identity) : [],
  );
  return branches.length > 0 && branches.every((branch) => Object.hasOwn(accepted, branch));
}

async function draftsOf(
  context: Context,
  diffs: readonly SchemaDiff[],
  options: GenerateOptions,
): Promise<(Draft | undefined)[]> {
  const decided = await decideAll(diffs, options);
  const changes: Change[] = [];
  const refusals: FleetError[] = [];
  for (const [index, diff] of diffs.entries()) {
    const decisions = decided[index] ?? undecided;
    const statements = await sqlOf(diff, decisions);
    const refused = readDraft(context, diff, statements);
    refusals.push(...refused);
    const leftOut = await unexpressedIn(diff, decisions);
    const faults = [...refused.map(({ message }) => message), ...leftOut.map(leftOutText)];
    changes.push({ diff, decisions, statements, faults });
  }
  if (options.byHand !== true) throwProblems(refusals, "drizzle-kit's SQL is refused");
  const drafts = await draftSql(context, changes, options);
  if (options.byHand !== true) refuseDowns(context, changes, drafts);
  return Promise.all(
    changes.map(async ({ diff, decisions, statements, faults }, index) => {
      const sql = drafts[index];
      if (sql === undefined) return undefined;
      const name = options.name ?? (faults.length > 0 ? "by_hand" : nameFor(statements));
      return draftMigration(diff, name, sql, decisions);
    }),
  );
}

/** What is decided about renames and drops, for each service; refuses what is open. */
async function decideAll(
  diffs: readonly SchemaDiff[],
  options: GenerateOptions,
): Promise<Decisions[]> {
  const given = options.decisions ?? undecided;
  const decided: Decisions[] = [];
  const open: { service: string; questions: readonly RenameQuestion[] }[] = [];
  const doubtful: DroppedTables[] = [];
  for (const diff of diffs) {
    const ask = (decisions: Decisions) => questionsOf(diff, decisions);
    const answers = await decide(diff.service, ask, given, options.ask);
    const { renames, drops } = answers.decisions;
    const said = [...drops, ...dropsOf(droppedTables(diff, answers.decisions), given)];
    const decisions = { renames, drops: said };
    decided.push(decisions);
    const dropped = droppedTables(diff, decisions);
    if (dropped.doubtful && !(await confirmed(dropped, options))) doubtful.push(dropped);
    if (answers.open.length > 0) open.push({ service: diff.service, questions: answers.open });
  }
  refuseUnused(given, decided);
  refuseOpen(open);
  refuseDropped(doubtful);
  return decided;
}

async function confirmed(
  dropped: DroppedTables,
  { confirm, dryRun }: GenerateOptions,
): Promise<boolean> {
  // Nothing is written, and what would be is shown.
  if (dryRun === true) return true;
  if (confirm === undefined) return false;
  return confirm(
    `${dropped.service}: ${droppedText(dropped)}. Drop them, with their rows, for every tenant?`,
  );
}

/** The way back is made of other statements than the way there, and may name what is refused, too. */
function refuseDowns(
  context: Context,
  changes: readonly Change[],
  drafts: readonly (DraftSql | undefined)[],
): void {
  const refusals = changes.flatMap(({ diff }, index) => {
    const draft = drafts[index];
    return draft === undefined
      ? []
      : readDraft(context, diff, draft.statements, draft.down.statements);
  });
  throwProblems(refusals, "drizzle-kit's SQL for the down is refused");
}

/** A migration as it is shown. */
export function shown(draft: Draft | undefined): Generated["migration"] {
  if (draft === undefined) return undefined;
  const { write: _1, service: _2, ...shown } = draft;
  return shown;
}

function refuseOpen(
  open: readonly { service: string; questions: readonly RenameQuestion[] }[],
): void {
  if (open.length === 0) return;
  const lines = open.flatMap(({ service, questions }) =>
    questions.flatMap((question) => [
      `  ${service}: ${questionText(question)}`,
      ...flagsFor(question).map((flags) => `    ${flags}`),
    ]),
  );
  throw new FleetError("rename", `only a person can tell:\n${lines.join("\n")}`, {
    remedy:
      "Say it with these options, or run generate on a terminal, where it asks. Nothing was written.",
  });
}

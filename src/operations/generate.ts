import { relative } from "node:path";
import { changesWithoutSql, changeWithoutSqlText } from "../autogenerate/changes-without-sql.ts";
import {
  type Ask,
  type Decisions,
  decide,
  type OpenQuestions,
  refuseOpen,
  refuseUnused,
  undecided,
} from "../autogenerate/decisions.ts";
import { compareSchema, questionsOf, type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import {
  type DroppedTables,
  droppedTables,
  droppedText,
  dropsOf,
  refuseDroppedTables,
} from "../autogenerate/dropped-tables.ts";
import { expandedSnapshot } from "../autogenerate/expand-snapshot.ts";
import {
  type Draft,
  type DraftSql,
  draftMigration,
  type Generated,
  generatedFrom,
  writeDrafts,
} from "../autogenerate/migration-draft.ts";
import { migrationNameFor } from "../autogenerate/migration-name.ts";
import { docsPage } from "../core/docs-page.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { faultKey } from "../core/fault.ts";
import { type Context, migrationsFolder, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { type Change, draftSql } from "../proof/draft-sql.ts";
import { readDraft } from "../proof/read-draft.ts";
import type { ProofOptions } from "../proof/scratch.ts";
import { type SplitDraft, splitDraft } from "../proof/split-draft.ts";
import { readAccepted } from "../source/accepted.ts";
import { usualWait } from "../source/contracts.ts";
import { openHeads } from "../source/heads.ts";
import { inspectFolder } from "../source/inspect.ts";
import { loadParser } from "../sql/parser.ts";

export interface GenerateOptions extends ProofOptions {
  /** Empty for all. */
  readonly services: readonly string[];
  /** The part of the tag after its number; without it, a name is made from the SQL. */
  readonly name?: string | undefined;
  /** Write an empty migration to fill in, such as a backfill. */
  readonly custom?: boolean;
  /**
   * How long to hold back what code of the old release needs: such a change becomes two migrations. False: one migration, even
   * if the configuration says otherwise.
   */
  readonly split?: string | false | undefined;
  /** Write nothing, only return what would be written. */
  readonly dryRun?: boolean;
  /** Also write SQL that is refused or incomplete, for a person to finish. */
  readonly byHand?: boolean;
  /** Answers to questions about renames, given in advance. */
  readonly decisions?: Decisions;
  /** Asks a person what happened to a removed object; undefined if no one can answer. */
  readonly ask?: Ask | undefined;
  /** Asks a person a yes-or-no question; undefined if no one can answer. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/**
 * Generates one migration, with its down, for each service whose Drizzle schema changed. If it throws before it
 * writes the first file, nothing is written.
 *
 * @returns one entry for each selected service; `migration` is undefined if nothing changed
 * @throws FleetError `rename` if a possible rename is undecided; `merge` if branches are open; `schema` if a schema file
 *   does not load, drizzle-kit's SQL is not valid, or tables would be dropped without confirmation; `isolation` if the
 *   SQL leaves its tenant; `write` if a file cannot be written
 * @example
 * const [{ migration }] = await generate(context, { services: ["shop"], name: "add_avatar" });
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
          diffs.map(async (diff): Promise<Drafted> => {
            const name = options.name ?? "custom";
            return { draft: await draftMigration(diff, name, undefined, undecided) };
          }),
        )
      : await draftsOf(context, diffs, options);
  if (options.dryRun !== true)
    await unlessInterrupted(context, () => writeDrafts(drafts.map(({ draft }) => draft)));
  return diffs.map(({ service }, index) => {
    const { draft, contract, advice = [] } = drafts[index] ?? { draft: undefined };
    const generated = generatedFrom(service, draft, contract);
    return advice.length === 0 ? generated : { ...generated, advice };
  });
}

/** What is written for one service. */
interface Drafted {
  readonly draft: Draft | undefined;
  /** Written together with the draft. */
  readonly contract?: Draft;
  readonly advice?: readonly string[];
}

/** A migration that follows branches that were not compared might fail after one of them. */
async function refuseBranches(context: Context, service: string): Promise<void> {
  const path = migrationsFolder(context, service);
  const heads = await openHeads(path);
  if (heads.length < 2 || (await areAccepted(service, path))) return;
  throw new FleetError("merge", `${service} has open branches: ${heads.join(" and ")}`, {
    where: relative(process.cwd(), path),
    remedy: `Nothing was written. To merge the branches, run: npx drizzle-fleet merge ${service}`,
  });
}

/** True if `check --accept` recorded every pair of branches: then they were released long ago, in the journal's order. */
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
): Promise<Drafted[]> {
  const decided = await decideAll(diffs, options);
  const split = await splitAll(context, diffs, decided, options);
  const rest = diffs.filter((diff) => !split.has(diff));
  const drafts = await wholeDrafts(context, rest, (diff) => decidedFor(diff), options);
  return diffs.map((diff): Drafted => {
    const parts = split.get(diff);
    if (parts !== undefined) return { draft: parts.expand, contract: parts.contract };
    const draft = drafts[rest.indexOf(diff)];
    return { draft, ...(draft && { advice: adviceOn(diff, decidedFor(diff)) }) };
  });

  function decidedFor(diff: SchemaDiff): Decisions {
    return decided[diffs.indexOf(diff)] ?? undecided;
  }
}

/** The changes that are written as two migrations: an expand, and a contract that `migrate` holds back. */
async function splitAll(
  context: Context,
  diffs: readonly SchemaDiff[],
  decided: readonly Decisions[],
  options: GenerateOptions,
): Promise<Map<SchemaDiff, SplitDraft>> {
  const found = new Map<SchemaDiff, SplitDraft>();
  for (const [index, diff] of diffs.entries()) {
    const configured = context.config.fleet.services[diff.service]?.expandContract?.after;
    const wait = options.split === false ? undefined : (options.split ?? configured);
    if (wait === undefined) continue;
    const decisions = decided[index] ?? undecided;
    const draft = await splitDraft(context, diff, decisions, { ...options, wait });
    if (draft !== undefined) found.set(diff, draft);
  }
  return found;
}

/** What code of the old release does not survive. */
function adviceOn(
  { service, previous, current, folder }: SchemaDiff,
  decisions: Decisions,
): readonly string[] {
  if (folder === undefined) return [];
  const { held } = expandedSnapshot(previous, current, decisions);
  const renamed = decisions.renames.flatMap(({ kind, table, from }) =>
    kind === "table" || kind === "column"
      ? `${kind} ${table === undefined ? "" : `${table}.`}${from} is renamed`
      : [],
  );
  const page = docsPage("expand-and-contract.md");
  return [
    ...(held.length === 0
      ? []
      : [
          `code of the old release fails after this: ${held.join("; ")}`,
          `to hold it back, delete these files, and run: npx drizzle-fleet generate ${service} --split ${usualWait}`,
        ]),
    ...(renamed.length === 0
      ? []
      : [
          `code of the old release fails after this: ${renamed.join("; ")}`,
          `for a way without downtime, see ${page}#rename-a-column`,
        ]),
  ];
}

/** One migration for each change. */
async function wholeDrafts(
  context: Context,
  diffs: readonly SchemaDiff[],
  decidedFor: (diff: SchemaDiff) => Decisions,
  options: GenerateOptions,
): Promise<(Draft | undefined)[]> {
  const changes: Change[] = [];
  const refusals: FleetError[] = [];
  for (const diff of diffs) {
    const decisions = decidedFor(diff);
    const statements = await sqlOf(diff, decisions);
    const refused = readDraft(context, diff, statements);
    refusals.push(...refused);
    const withoutSql = (await changesWithoutSql(diff, decisions)).map(changeWithoutSqlText);
    const faults = [...refused.map(({ message }) => message), ...withoutSql];
    changes.push({ diff, decisions, statements, faults });
  }
  if (options.byHand !== true) throwProblems(refusals, "drizzle-kit's SQL is refused");
  const drafts = await draftSql(context, changes, options);
  if (options.byHand !== true) refuseDowns(context, changes, drafts);
  return Promise.all(
    changes.map(async ({ diff, decisions, statements, faults }, index) => {
      const sql = drafts[index];
      if (sql === undefined) return undefined;
      const name = options.name ?? (faults.length > 0 ? "by_hand" : migrationNameFor(statements));
      return draftMigration(diff, name, sql, decisions);
    }),
  );
}

/** The decisions about renames and drops for each service. Refuses open questions and unconfirmed drops of tables. */
async function decideAll(
  diffs: readonly SchemaDiff[],
  options: GenerateOptions,
): Promise<Decisions[]> {
  const given = options.decisions ?? undecided;
  const decided: Decisions[] = [];
  const open: OpenQuestions[] = [];
  const doubtful: DroppedTables[] = [];
  for (const diff of diffs) {
    const ask = (decisions: Decisions) => questionsOf(diff, decisions);
    const answers = await decide(diff.service, ask, given, options.ask);
    const { renames, drops } = answers.decisions;
    const answered = [...drops, ...dropsOf(droppedTables(diff, answers.decisions), given)];
    const decisions = { renames, drops: answered };
    decided.push(decisions);
    const dropped = droppedTables(diff, decisions);
    if (dropped.doubtful && !(await isConfirmed(dropped, options))) doubtful.push(dropped);
    if (answers.open.length > 0) open.push({ service: diff.service, questions: answers.open });
  }
  refuseUnused(given, decided);
  refuseOpen(open);
  refuseDroppedTables(doubtful);
  return decided;
}

async function isConfirmed(
  dropped: DroppedTables,
  { confirm, dryRun }: GenerateOptions,
): Promise<boolean> {
  // A dry run writes nothing and shows the statements.
  if (dryRun === true) return true;
  if (confirm === undefined) return false;
  const what = dropped.tables.length === 1 ? "it, with its rows," : "them, with their rows,";
  return confirm(`${dropped.service}: ${droppedText(dropped)}. Drop ${what} for every tenant?`);
}

/** A down consists of other statements than its migration, so it is checked separately. */
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

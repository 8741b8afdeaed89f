import { type Decisions, undecided } from "../autogenerate/decisions.ts";
import type { SchemaDiff } from "../autogenerate/diff.ts";
import { downSqlOf } from "../autogenerate/down.ts";
import type { DraftSql } from "../autogenerate/migration-draft.ts";
import type { ServiceConfig } from "../config/schema.ts";
import type { Context } from "../fleet/context.ts";
import { allowanceOf } from "../fleet/services.ts";
import type { Session } from "../postgres/session.ts";
import { type ProvedDraft, proveDraft } from "../proof/draft.ts";
import type { TriedSql } from "../proof/trials.ts";
import { markLine } from "../source/downs.ts";
import { readMigrations } from "../source/read-migrations.ts";
import {
  type DividedStatements,
  divideStatements,
  withoutShared,
} from "../sql/shared-statements.ts";
import { benchOf, onServer, type ProofOptions } from "./scratch.ts";

/** What one service's next migration is made from. */
export interface Change {
  readonly diff: SchemaDiff;
  readonly decisions: Decisions;
  /** As drizzle-kit writes them; empty when nothing changed. */
  readonly statements: readonly string[];
  /** Why they cannot be taken as they are, in words: they are refused, or do not say all that changed. */
  readonly faults: readonly string[];
}

/**
 * The SQL of new migrations and of their downs, as it ran in a scratch schema; as drizzle-kit wrote it where that is
 * not wanted or no server is there.
 *
 * @returns undefined for a change without SQL
 */
export async function draftSql(
  context: Context,
  changes: readonly Change[],
  proof: ProofOptions,
): Promise<(DraftSql | undefined)[]> {
  const drafts = await onServer(context, !changes.every(isEmpty), proof, async (session) => {
    const found: (DraftSql | undefined)[] = [];
    for (const change of changes)
      found.push(isEmpty(change) ? undefined : await tried(context, session, change));
    return found;
  });
  if (typeof drafts !== "string") return drafts;
  return Promise.all(
    changes.map((change) => (isEmpty(change) ? undefined : asWritten(context, change, drafts))),
  );
}

function isEmpty({ statements, faults }: Change): boolean {
  return statements.length === 0 && faults.length === 0;
}

async function asWritten(context: Context, change: Change, unproved: string): Promise<DraftSql> {
  const { faults } = change;
  const parts = divideStatements(
    change.statements,
    allowanceOf(configOf(context, change), "draft"),
  );
  const statements = parts.rest;
  const down = await back(change, statements.join("\n"));
  const remarks = faults.map((fault) => markLine("unfinished", fault));
  const notes = faults.map((fault) => notFinished("the migration", fault));
  const unfinished = faults.length > 0;
  return withParts(parts, { statements, down, remarks, notes, unfinished, unproved });
}

function back({ diff }: Change, text: string) {
  return downSqlOf(diff.kit, diff.previous, diff.current, { file: "the new SQL", text });
}

function configOf(context: Context, { diff: { service } }: Change): ServiceConfig {
  const config = context.config.fleet.services[service];
  if (config === undefined) throw new Error(`no service ${service}`);
  return config;
}

/** What tenants share is left out, and said; what makes the target's own schema stays for drizzle-kit. */
function withParts({ own, shared }: DividedStatements, sql: DraftSql): DraftSql {
  const left = shared.map((one) => `left out, because all tenants share it: ${startOf(one)}`);
  return {
    ...sql,
    statements: [...own, ...sql.statements],
    remarks: [...left.map((line) => `-- ${line}`), ...sql.remarks],
    notes: [...left, ...sql.notes],
  };
}

/** The beginning of a statement, in a line. */
function startOf(statement: string): string {
  const line = statement.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 80)}...` : line;
}

async function tried(context: Context, session: Session, change: Change): Promise<DraftSql> {
  const { diff } = change;
  const { kit, service, path } = diff;
  if (change.faults.length > 0) return asWritten(context, change, "it is not finished");
  const bench = benchOf(context, session, service, configOf(context, change));
  const divided = (statements: readonly string[]) =>
    divideStatements(statements, bench.allowanceOf("draft"));
  const nothing = await kit.at(undefined, -1);
  const described = (when: "before" | "after") =>
    kit.diff(nothing, when === "before" ? diff.previous : diff.current, undecided);
  const parts = divided(change.statements);
  const proved = await proveDraft(bench, {
    history: diff.folder === undefined ? [] : await readMigrations(service, path),
    statements: parts.rest,
    shared: async () => divided(await described("after")).shared,
    reverse: (up) => back(change, up),
    described: async (when) => withoutShared(await described(when), bench.allowanceOf("draft")),
  });
  return typeof proved === "string"
    ? asWritten(context, change, proved)
    : withParts(parts, withRemarks(proved));
}

function withRemarks({ up, down, remarks }: ProvedDraft): DraftSql {
  return {
    statements: up.statements,
    remarks: remarksOf(up),
    down: { statements: down.statements, remarks: [...remarksOf(down), ...remarks] },
    notes: [...notesOf("the migration", up), ...notesOf("its down", down)],
    unfinished: [up, down].some(({ unfinished }) => unfinished !== undefined),
    unproved: undefined,
  };
}

/** Lines of comments that say what a file needs. */
export function remarksOf({ needs, unfinished }: TriedSql): string[] {
  return [
    ...(unfinished === undefined ? [] : [markLine("unfinished", unfinished)]),
    ...needs.map((need) => markLine("depends-on-rows", need)),
  ];
}

function notFinished(what: string, fault: string): string {
  return `${what} is not finished: ${fault}. Correct it, then remove its "unfinished" line.`;
}

/** The notes on a file. */
export function notesOf(what: string, { needs, unfinished }: TriedSql): string[] {
  return [
    ...(unfinished === undefined ? [] : [notFinished(what, unfinished)]),
    ...needs.map((need) => `${what} depends on the tenants' rows: ${need}`),
  ];
}

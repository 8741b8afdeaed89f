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

/** The change of one service for which a migration is generated. */
export interface Change {
  readonly diff: SchemaDiff;
  readonly decisions: Decisions;
  /** The statements that drizzle-kit wrote; empty if nothing changed. */
  readonly statements: readonly string[];
  /** Why the statements cannot be used unchanged: they are refused, or do not cover the complete change. */
  readonly faults: readonly string[];
}

/**
 * Generates the SQL of new migrations and of their downs, and tests it in a scratch schema. Without a test
 * (`--no-proof`, or no server), it is the SQL that drizzle-kit wrote.
 *
 * @returns one result per change, in the same order; undefined for a change without SQL
 */
export async function draftSql(
  context: Context,
  changes: readonly Change[],
  proof: ProofOptions,
): Promise<(DraftSql | undefined)[]> {
  const drafts = await onServer(context, !changes.every(isEmpty), proof, async (session) => {
    const found: (DraftSql | undefined)[] = [];
    for (const change of changes)
      found.push(isEmpty(change) ? undefined : await asTested(context, session, change));
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

/** The SQL as drizzle-kit wrote it. */
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

/**
 * Omits statements that change what tenants share, with a note on each. Keeps statements that create the target's schema:
 * drizzle-kit needs them, and a rollout skips them.
 */
function withParts({ own, shared }: DividedStatements, sql: DraftSql): DraftSql {
  const omitted = shared.map((one) => `left out, because all tenants share it: ${startOf(one)}`);
  return {
    ...sql,
    statements: [...own, ...sql.statements],
    remarks: [...omitted.map((line) => `-- ${line}`), ...sql.remarks],
    notes: [...omitted, ...sql.notes],
  };
}

/** The first 80 characters of a statement, on one line. */
function startOf(statement: string): string {
  const line = statement.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 80)}...` : line;
}

/** The SQL as it ran in a scratch schema; as drizzle-kit wrote it if the change has faults or cannot be tested. */
async function asTested(context: Context, session: Session, change: Change): Promise<DraftSql> {
  const { diff } = change;
  const { kit, service, path } = diff;
  if (change.faults.length > 0) return asWritten(context, change, "it is unfinished");
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

/** The mark lines for a file: why it is unfinished, and which statements depend on rows. */
export function remarksOf({ needs, unfinished }: TriedSql): string[] {
  return [
    ...(unfinished === undefined ? [] : [markLine("unfinished", unfinished)]),
    ...needs.map((need) => markLine("depends-on-rows", need)),
  ];
}

function notFinished(what: string, fault: string): string {
  return `${what} is unfinished: ${fault}. Correct it, then remove its "unfinished" line.`;
}

/** The notes on a file, as shown to the user. See `remarksOf`. */
export function notesOf(what: string, { needs, unfinished }: TriedSql): string[] {
  return [
    ...(unfinished === undefined ? [] : [notFinished(what, unfinished)]),
    ...needs.map((need) => `${what} depends on the tenants' rows: ${need}`),
  ];
}

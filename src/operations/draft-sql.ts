import { type Decisions, undecided } from "../autogenerate/decisions.ts";
import type { SchemaDiff } from "../autogenerate/diff.ts";
import { reverseOf } from "../autogenerate/down.ts";
import type { DraftSql } from "../autogenerate/write.ts";
import type { Session } from "../postgres/session.ts";
import { type ProvedDraft, proveDraft } from "../proof/draft.ts";
import type { Direct } from "../proof/trials.ts";
import { markLine } from "../source/downs.ts";
import { readMigrations } from "../source/read-migrations.ts";
import type { Context } from "./context.ts";
import { benchOf, onServer, type ProofOptions } from "./scratch.ts";

/** What one service's next migration is made from. */
export interface Change {
  readonly diff: SchemaDiff;
  readonly decisions: Decisions;
  /** As drizzle-kit writes them; empty when nothing changed. */
  readonly statements: readonly string[];
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
    changes.map((change) => (isEmpty(change) ? undefined : asWritten(change, drafts))),
  );
}

function isEmpty({ statements }: Change): boolean {
  return statements.length === 0;
}

async function asWritten(change: Change, unproved: string): Promise<DraftSql> {
  const { statements } = change;
  const down = await back(change, statements.join("\n"));
  return { statements, down, remarks: [], notes: [], unfinished: false, unproved };
}

function back({ diff }: Change, text: string) {
  return reverseOf(diff.kit, diff.previous, diff.current, { file: "the new SQL", text });
}

async function tried(context: Context, session: Session, change: Change): Promise<DraftSql> {
  const { diff, statements } = change;
  const { kit, service, path } = diff;
  const config = context.config.fleet.services[service];
  if (config === undefined) throw new Error(`no service ${service}`);
  const nothing = await kit.at(undefined, -1);
  const proved = await proveDraft(benchOf(context, session, service, config), {
    history: diff.folder === undefined ? [] : await readMigrations(service, path),
    statements,
    reverse: (up) => back(change, up),
    described: (when) =>
      kit.diff(nothing, when === "before" ? diff.previous : diff.current, undecided),
  });
  return typeof proved === "string" ? asWritten(change, proved) : withRemarks(proved);
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
export function remarksOf({ needs, unfinished }: Direct): string[] {
  return [
    ...(unfinished === undefined ? [] : [markLine("unfinished", unfinished)]),
    ...needs.map((need) => markLine("depends-on-rows", need)),
  ];
}

/** What a person is told of a file. */
export function notesOf(what: string, { needs, unfinished }: Direct): string[] {
  return [
    ...(unfinished === undefined
      ? []
      : [
          `${what} is not finished: ${unfinished}. Correct it, then take out its line "unfinished".`,
        ]),
    ...needs.map((need) => `${what} depends on the tenants' rows: ${need}`),
  ];
}

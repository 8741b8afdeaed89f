import { markLine } from "../source/downs.ts";
import { changesOf } from "../sql/changes.ts";
import { type Decisions, type Rename, reversed } from "./decisions.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import { ownChanges, renamesOnly } from "./own-changes.ts";

/** Stands between two statements, as drizzle-kit writes it. */
export const breakpoint = "--> statement-breakpoint\n";

/** A migration's down, before it is a file. */
export interface Reverse {
  /** What its text says about it, as lines of comments. */
  readonly remarks: readonly string[];
  readonly statements: readonly string[];
}

/**
 * A migration's down: of the reversed diff, the statements that take back what the migration's own SQL did.
 * Snapshots may say more: what a developer took out of the SQL because it was there already is not this migration's
 * to take away. The parser must be loaded.
 *
 * @param up the migration's own file and text
 */
export async function reverseOf(
  kit: Kit,
  previous: Snapshot,
  current: Snapshot,
  up: { readonly file: string; readonly text: string },
): Promise<Reverse> {
  const { renamed, lost, recreated, values } = changesOf(up.file, up.text);
  const renamesBack = renamesOnly(up.text);
  if (renamesBack !== undefined) return { remarks: [], statements: renamesBack };
  const back = reversed({ renames: renamed, drops: [] });
  const possible = await possibleOf(kit, current, previous, back);
  const statements = ownChanges(await kit.diff(current, previous, possible), up.text, kit.sources);
  if (statements.length === 0) return { remarks: [], statements };
  // A column that is made anew both ways was generated before: it held nothing written by the application.
  const again = new Set(changesOf("", statements.join(breakpoint)).recreated);
  const gone = lost.filter((what) => !recreated.includes(what) || !again.has(what));
  const marks = gone.map((what) => markLine("data-loss", `${what} comes back without its data`));
  // What rows become that hold the value, only a person can say; until then PostgreSQL refuses, and nothing changes.
  const hints = values.map(
    (value) => `-- Fails where rows hold ${value}: first change those rows.`,
  );
  return { remarks: [...marks, ...hints], statements };
}

/** The text of a migration's down. */
export function downText(file: string, { remarks, statements }: Reverse): string {
  if (statements.length === 0) return emptyDown(file);
  return `${[...remarks.map((line) => `${line}\n`), statements.join(breakpoint)].join("")}\n`;
}

/** SQL by hand may rename what the Drizzle schema does not know: that is for its author to take back. */
async function possibleOf(
  kit: Kit,
  from: Snapshot,
  to: Snapshot,
  { renames }: Decisions,
): Promise<Decisions> {
  const possible: Rename[] = [];
  for (const rename of renames.toSorted((left, right) => rankOf(left.kind) - rankOf(right.kind))) {
    const questions = await kit.questions(from, to, { renames: possible, drops: [] });
    const asked = questions.some(
      ({ kind, table, removed, added }) =>
        kind === rename.kind &&
        table === rename.table &&
        removed.includes(rename.from) &&
        added.includes(rename.to),
    );
    if (asked) possible.push(rename);
  }
  return { renames: possible, drops: [] };
}

/** A table's own rename shows the questions about its columns. */
function rankOf(kind: string): number {
  return kind === "table" ? 0 : 1;
}

/** A down to be filled in by hand. */
export function emptyDown(file: string): string {
  const name = file.split("/").at(-1);
  return [
    `-- Write here the SQL that takes back what ${name} does; or, if nothing can, a line that says why:`,
    `-- "${markLine("irreversible", "<why>")}"`,
    "",
  ].join("\n");
}

import { markLine } from "../source/downs.ts";
import { changesOf } from "../sql/changes.ts";
import { type Decisions, type Rename, reversed } from "./decisions.ts";
import type { Kit, Snapshot } from "./kit-types.ts";

/** Stands between two statements, as drizzle-kit writes it. */
export const breakpoint = "--> statement-breakpoint\n";

/**
 * The text of a migration's down: the reversed diff, with what the migration renamed renamed back, and what it
 * dropped marked as gone for good. The parser must be loaded.
 *
 * @param up the migration's own file and text, which say what was renamed
 */
export async function downText(
  kit: Kit,
  previous: Snapshot,
  current: Snapshot,
  up: { readonly file: string; readonly text: string },
): Promise<string> {
  const { renamed, lost, remade, values } = changesOf(up.file, up.text);
  const back = reversed({ renames: renamed, drops: [] });
  const possible = await possibleOf(kit, current, previous, back);
  const statements = await kit.diff(current, previous, possible);
  if (statements.length === 0) return emptyDown(up.file);
  // A column that is made anew both ways was generated before: nothing that somebody wrote was in it.
  const again = new Set(changesOf("", statements.join(breakpoint)).remade);
  const gone = lost.filter((what) => !remade.includes(what) || !again.has(what));
  const marks = gone.map(
    (what) => `${markLine("data-loss", `${what} comes back without its data`)}\n`,
  );
  // What rows become that hold the value, only a person can say; until then PostgreSQL refuses, and nothing changes.
  const hints = values.map(
    (value) => `-- Fails where rows hold ${value}: write first what they become.\n`,
  );
  return `${[...marks, ...hints].join("")}${statements.join(breakpoint)}\n`;
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

/** A down for somebody to fill in. */
export function emptyDown(file: string): string {
  const name = file.split("/").at(-1);
  return [
    `-- Write here the SQL that takes back what ${name} does; or, if nothing can, a line that says why:`,
    `-- "${markLine("irreversible", "<why>")}"`,
    "",
  ].join("\n");
}

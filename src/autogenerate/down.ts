import { markLine } from "../source/downs.ts";
import { changesOf } from "../sql/changes.ts";
import { type Decisions, type Rename, reversed } from "./decisions.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import { ownChanges, renamesOnly } from "./own-changes.ts";

/** The line that drizzle-kit writes between two statements. */
export const statementBreakpoint = "--> statement-breakpoint\n";

/** The SQL of a migration's down. */
export interface DownSql {
  /** Comment lines above the statements. */
  readonly remarks: readonly string[];
  readonly statements: readonly string[];
}

/**
 * Makes a migration's down: the statements of the reversed diff that revert what the migration's own SQL did. The
 * snapshots can differ in more: a statement that a developer removed from the SQL is not reverted. The parser must be
 * loaded.
 *
 * @param up the migration's own file and text
 */
export async function downSqlOf(
  kit: Kit,
  previous: Snapshot,
  current: Snapshot,
  up: { readonly file: string; readonly text: string },
): Promise<DownSql> {
  const { renamed, lost, recreated, values } = changesOf(up.file, up.text);
  const renamesBack = renamesOnly(up.text);
  if (renamesBack !== undefined) return { remarks: [], statements: renamesBack };
  const back = reversed({ renames: renamed, drops: [] });
  const possible = await renamesInSnapshots(kit, current, previous, back);
  const statements = ownChanges(await kit.diff(current, previous, possible), up.text, kit.sources);
  if (statements.length === 0) return { remarks: [], statements };
  // A column that both directions recreate is a generated one: it contains nothing that the application wrote.
  const again = new Set(changesOf("", statements.join(statementBreakpoint)).recreated);
  const gone = lost.filter((what) => !recreated.includes(what) || !again.has(what));
  const marks = gone.map((what) => markLine("data-loss", `${what} comes back without its data`));
  // Only a person can decide about rows with the value; until then PostgreSQL refuses the down, and nothing changes.
  const hints = values.map(
    (value) => `-- Fails if rows contain ${value}: change those rows first.`,
  );
  return { remarks: [...marks, ...hints], statements };
}

/** The text of a migration's down. */
export function downText(file: string, { remarks, statements }: DownSql): string {
  if (statements.length === 0) return emptyDown(file);
  return `${[...remarks.map((line) => `${line}\n`), statements.join(statementBreakpoint)].join("")}\n`;
}

/** The renames that the snapshots show. Hand-written SQL can also rename objects that no snapshot contains. */
async function renamesInSnapshots(
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

/** Tables come first: questions about columns appear only after the rename of their table. */
function rankOf(kind: string): number {
  return kind === "table" ? 0 : 1;
}

/** The text of a down that a person has to write. */
export function emptyDown(file: string): string {
  const name = file.split("/").at(-1);
  return [
    `-- Write the SQL that reverts ${name} here. If it cannot be reverted, write a line with the reason instead:`,
    `-- "${markLine("irreversible", "<reason>")}"`,
    "",
  ].join("\n");
}

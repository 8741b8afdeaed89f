import { resolve } from "node:path";
import type { Down } from "../core/down.ts";
import type { Migration } from "../core/migration.ts";
import { readSqlFile } from "./read-migrations.ts";

/**
 * What a file says about itself in a line of its own. `unfinished`: it cannot run as it is, and why. `depends-on-rows`:
 * a statement of it fails where the rows do not allow it. `nothing`: there is nothing to take back. `empty`: it has no
 * statement.
 */
export type Mark =
  | "irreversible"
  | "data-loss"
  | "nothing"
  | "unfinished"
  | "depends-on-rows"
  | "empty";

/** A line that says something about a file: `-- drizzle-fleet: data-loss column users.nick`. */
export function markLine(mark: Mark, what: string): string {
  return `-- drizzle-fleet: ${mark} ${what.replace(/\s+/g, " ")}`;
}

/** Reads a migration's down; undefined when it has none. */
export async function readDown({ downFile }: Migration): Promise<Down | undefined> {
  const read = await readSqlFile(resolve(downFile));
  if (read === undefined) return undefined;
  const code = read.text.replace(/^\uFEFF/, "");
  return {
    ...read,
    irreversible: readMarks(code, "irreversible").at(0),
    nothing: readMarks(code, "nothing").at(0),
    dataLoss: readMarks(code, "data-loss"),
    empty: code.replace(/--.*$|\/\*[\s\S]*?\*\//gm, "").trim() === "",
  };
}

/** What a file's lines of one mark say. */
export function readMarks(text: string, mark: Mark): string[] {
  const pattern = new RegExp(
    `^[ \\t]*--[ \\t]*drizzle-fleet:[ \\t]*${mark}\\b:?[ \\t]*(.*)$`,
    "gm",
  );
  return [...text.matchAll(pattern)].map(([, what = ""]) => what.trim());
}

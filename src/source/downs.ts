import { resolve } from "node:path";
import type { Down } from "../core/down.ts";
import type { Migration } from "../core/migration.ts";
import { readSqlFile } from "./read-migrations.ts";

/**
 * What a mark line states about its file. `unfinished`: it must be completed before it can run. `depends-on-rows`:
 * one of its statements fails on certain rows. `nothing`: the migration changes nothing that could be reverted.
 * `empty`: it has no statement.
 */
export type Mark =
  | "irreversible"
  | "data-loss"
  | "nothing"
  | "unfinished"
  | "depends-on-rows"
  | "empty";

/** Formats a mark line: `-- drizzle-fleet: data-loss column users.nick`. */
export function markLine(mark: Mark, what: string): string {
  return `-- drizzle-fleet: ${mark} ${what.replace(/\s+/g, " ")}`;
}

/**
 * Reads a migration's down.
 *
 * @returns undefined if it has none
 * @throws FleetError `syntax` if the file is not UTF-8, `journal` if it cannot be read
 */
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

/** Reads the texts of all lines with one mark. */
export function readMarks(text: string, mark: Mark): string[] {
  const pattern = new RegExp(
    `^[ \\t]*--[ \\t]*drizzle-fleet:[ \\t]*${mark}\\b:?[ \\t]*(.*)$`,
    "gm",
  );
  return [...text.matchAll(pattern)].map(([, what = ""]) => what.trim());
}

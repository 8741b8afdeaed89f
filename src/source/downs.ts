import { resolve } from "node:path";
import type { Down } from "../core/down.ts";
import type { Migration } from "../core/migration.ts";
import { readChecked } from "./read-migrations.ts";

/** A line of a down that says something about it: `-- drizzle-fleet: data-loss column users.nick`. */
export function markLine(mark: "irreversible" | "data-loss", what: string): string {
  return `-- drizzle-fleet: ${mark} ${what}`;
}

/** Reads a migration's down; undefined when it has none. */
export async function readDown({ downFile }: Migration): Promise<Down | undefined> {
  const read = await readChecked(resolve(downFile));
  if (read === undefined) return undefined;
  const code = read.text.replace(/^\uFEFF/, "");
  return {
    ...read,
    irreversible: marks(code, "irreversible").at(0),
    dataLoss: marks(code, "data-loss"),
    empty: code.replace(/--.*$|\/\*[\s\S]*?\*\//gm, "").trim() === "",
  };
}

function marks(text: string, mark: string): string[] {
  const pattern = new RegExp(
    `^[ \\t]*--[ \\t]*drizzle-fleet:[ \\t]*${mark}\\b:?[ \\t]*(.*)$`,
    "gm",
  );
  return [...text.matchAll(pattern)].map(([, what = ""]) => what.trim());
}

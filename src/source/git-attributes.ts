import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { NewFile } from "./write-files.ts";

/**
 * Adds a line to `.gitattributes` that keeps git from changing the line endings in a migrations folder.
 *
 * @param root absolute path of the project. The file is in that folder if the migrations folder is inside it, else
 *   beside the migrations folder.
 * @param folder absolute path of the migrations folder
 * @returns undefined if the file already has a line about the migrations folder
 */
export async function gitAttributes(root: string, folder: string): Promise<NewFile | undefined> {
  const inside = relative(root, folder).replaceAll("\\", "/");
  const isInside = inside !== "" && inside !== ".." && !inside.startsWith("../");
  const path = join(isInside ? root : dirname(folder), ".gitattributes");
  const pattern = patternFor(isInside ? inside : basename(folder));
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const lines = before.split(/\r?\n/);
  // A leading slash makes no difference to the files that match.
  if (lines.some((line) => line.replace(/^\//, "").startsWith(`${pattern} `))) return undefined;
  const end = before.includes("\r\n") ? "\r\n" : "\n";
  const kept = before === "" || before.endsWith("\n") ? before : `${before}${end}`;
  return { path, text: `${kept}${pattern} text eol=lf${end}`, replaces: true };
}

/** A git pattern for all files of a folder. It is quoted if it contains spaces, which would end it. */
function patternFor(folder: string): string {
  const pattern = `${folder.replace(/[\\*?[]/g, "\\$&")}/**`;
  return /[\s"]/.test(pattern) || pattern.startsWith("#") ? JSON.stringify(pattern) : pattern;
}

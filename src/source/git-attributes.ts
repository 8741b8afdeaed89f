import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { NewFile } from "./write-files.ts";

/**
 * The `.gitattributes` that keeps git from changing the line ends of a migrations folder, with what it holds already.
 *
 * @param root the project's folder, where the file is kept if it can name the migrations folder; absolute
 * @param folder the migrations folder, absolute
 * @returns undefined where the file says something about that folder already
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
  // A leading slash names the same files.
  if (lines.some((line) => line.replace(/^\//, "").startsWith(`${pattern} `))) return undefined;
  const end = before.includes("\r\n") ? "\r\n" : "\n";
  const kept = before === "" || before.endsWith("\n") ? before : `${before}${end}`;
  return { path, text: `${kept}${pattern} text eol=lf${end}`, replaces: true };
}

/** All files of a folder, as git reads a pattern: quoted where spaces would end it. */
function patternFor(folder: string): string {
  const pattern = `${folder.replace(/[\\*?[]/g, "\\$&")}/**`;
  return /[\s"]/.test(pattern) || pattern.startsWith("#") ? JSON.stringify(pattern) : pattern;
}

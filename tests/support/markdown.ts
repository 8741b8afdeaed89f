import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./repository.ts";

/** A fenced block of a page. */
export interface Block {
  /** The line of its first line of text, from 1. */
  readonly line: number;
  /** The first word after the fence: `sh`. */
  readonly language: string;
  /** What follows the language: `[schema.ts]`, `(sketch)`. */
  readonly note: string;
  readonly text: string;
}

/** The fenced blocks of a page, in order, without the indentation of a list that they belong to. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = page.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [, indentation = "", fence, info = ""] = /^( *)(```+)(.*)$/.exec(lines[at] ?? "") ?? [];
    if (fence === undefined) continue;
    const first = at + 1;
    do at += 1;
    while (at < lines.length && lines[at]?.trim() !== fence);
    const [language = "", ...note] = info.trim().split(" ");
    const text = lines.slice(first, at).map((line) => line.slice(indentation.length));
    blocks.push({ line: first + 1, language, note: note.join(" "), text: text.join("\n") });
  }
  return blocks;
}

/** The pages that people read: their paths in the repository. Those about the API are not committed. */
export function pagesOfRepository(): string[] {
  const below = (folder: string) =>
    existsSync(join(repository, folder))
      ? readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
          .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
          .filter((name) => !/^docs\/(\.vitepress|reference\/api)\//.test(name))
      : [];
  return [...readdirSync(repository), ...below("docs"), ...below("helm")].filter((name) =>
    name.endsWith(".md"),
  );
}

/** The text of a page. */
export const readPage = (page: string) => readFileSync(join(repository, page), "utf8");

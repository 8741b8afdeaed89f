import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Prefix } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import { filesInJournal, tagAfter } from "../source/folder.ts";
import type { JournalEntry } from "../source/journal.ts";

/** How the tags of each prefix begin. `supabase` tags look like those of `timestamp`. */
const shapes: readonly (readonly [Prefix, RegExp])[] = [
  ["index", /^\d{4}_/],
  ["timestamp", /^\d{14}_/],
  ["unix", /^\d{10}_/],
  ["none", /^_/],
];

/** What the tag of a new migration is made from. */
interface TagParts {
  readonly entries: readonly JournalEntry[];
  /** The migration's number. */
  readonly idx: number;
  readonly name: string;
  /** The configured prefix; undefined to continue as the newest tag of a known shape. */
  readonly configured: Prefix | undefined;
}

/**
 * The tag of a new migration in drizzle-kit 0.31's layout.
 *
 * @throws FleetError `config` if its snapshot would not sort last: drizzle-kit continues from the snapshot that sorts
 *   last, and would generate the same changes again
 */
export async function newTag(folder: string, parts: TagParts): Promise<string> {
  const { entries, idx, configured } = parts;
  const tag = tagOf(configured ?? prefixOf(entries), parts);
  if (configured !== undefined && configured !== "none")
    await refuseEarlier(folder, { tag, idx, when: 0 }, configured);
  return tag;
}

/** The prefix of the newest tag of a known shape: a tag that was chosen by hand has none. */
function prefixOf(entries: readonly JournalEntry[]): Prefix {
  for (const { tag } of entries.toReversed()) {
    const shape = shapes.find(([, pattern]) => pattern.test(tag));
    if (shape !== undefined) return shape[0];
  }
  return "index";
}

function tagOf(prefix: Prefix, { entries, idx, name }: TagParts): string {
  const tags = entries.map(({ tag }) => tag);
  if (prefix === "index") return `${String(idx).padStart(4, "0")}_${name}`;
  if (prefix === "none") return unused(`_${name}`, tags);
  // The new tag sorts last, even within one second or after the clock was set back.
  if (prefix === "unix") {
    const times = tags.flatMap((tag) => (/^\d{10}_/.test(tag) ? Number(tag.slice(0, 10)) : []));
    return `${Math.max(Math.floor(Date.now() / 1_000), ...times.map((time) => time + 1))}_${name}`;
  }
  const now = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const newest =
    tags
      .filter((tag) => /^\d{14}_/.test(tag))
      .sort()
      .at(-1) ?? "";
  return tagAfter(`${newest.slice(0, 14)}~`, `${now}_${name}`);
}

function unused(tag: string, tags: readonly string[]): string {
  for (let number = 1; ; number += 1) {
    const one = number === 1 ? tag : `${tag}_${number}`;
    if (!tags.includes(one)) return one;
  }
}

async function refuseEarlier(folder: string, entry: JournalEntry, prefix: Prefix): Promise<void> {
  const { snapshot } = filesInJournal(folder, entry);
  const names = await readdir(join(folder, "meta")).catch(() => []);
  const last = names
    .filter((name) => !name.startsWith("_"))
    .sort()
    .at(-1);
  if (last === undefined || basename(snapshot) > last) return;
  throw new FleetError(
    "config",
    `with prefix "${prefix}", ${entry.tag} would sort before ${last}`,
    {
      where: relative(process.cwd(), folder),
      remedy:
        "Nothing was written. drizzle-kit continues from the snapshot whose name sorts last, so it would generate the same changes again. Remove prefix from the service: new names then begin like the existing ones.",
    },
  );
}

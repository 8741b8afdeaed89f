import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Prefix } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import { filesInJournal, tagAfter } from "../source/folder.ts";
import type { JournalEntry } from "../source/journal.ts";

/** How the tags of each prefix begin. `supabase` names are those of `timestamp`. */
const shapes: readonly (readonly [Prefix, RegExp])[] = [
  ["index", /^\d{4}_/],
  ["timestamp", /^\d{14}_/],
  ["unix", /^\d{10}_/],
  ["none", /^_/],
];

/**
 * The tag of a new migration in drizzle-kit 0.31's layout. What is configured decides how it begins, as for drizzle-kit;
 * otherwise the newest tag that drizzle-kit can have made does.
 *
 * @param idx the migration's number
 * @throws FleetError `config` when its snapshot would not be the last one by name: drizzle-kit goes on from that one, and
 *   would make the same changes again
 */
export async function newTag(
  folder: string,
  entries: readonly JournalEntry[],
  idx: number,
  name: string,
  configured: Prefix | undefined,
): Promise<string> {
  const prefix = configured ?? prefixOf(entries);
  const tag = tagOf(prefix, entries, idx, name);
  if (configured !== undefined) await refuseEarlier(folder, tag, idx, configured);
  return tag;
}

/** By the newest tag of a known shape; a tag that was named by hand says nothing. */
function prefixOf(entries: readonly JournalEntry[]): Prefix {
  for (const { tag } of entries.toReversed()) {
    const shape = shapes.find(([, pattern]) => pattern.test(tag));
    if (shape !== undefined) return shape[0];
  }
  return "index";
}

function tagOf(
  prefix: Prefix,
  entries: readonly JournalEntry[],
  idx: number,
  name: string,
): string {
  const tags = entries.map(({ tag }) => tag);
  if (prefix === "index") return `${String(idx).padStart(4, "0")}_${name}`;
  if (prefix === "none") return unused(`_${name}`, tags);
  // A clock that was put back, or two in one second: the newest is the last by name, too.
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

async function refuseEarlier(
  folder: string,
  tag: string,
  idx: number,
  prefix: Prefix,
): Promise<void> {
  if (prefix === "none") return;
  const { snapshot } = filesInJournal(folder, { tag, idx, when: 0 });
  const names = await readdir(join(folder, "meta")).catch(() => []);
  const last = names
    .filter((name) => !name.startsWith("_"))
    .sort()
    .at(-1);
  if (last === undefined || basename(snapshot) > last) return;
  throw new FleetError("config", `with prefix "${prefix}", ${tag} would come before ${last}`, {
    where: relative(process.cwd(), folder),
    remedy:
      "drizzle-kit continues from the snapshot whose name sorts last, so it would make the same changes again. Remove prefix from the service: then new names begin as the existing ones do. Nothing was written.",
  });
}

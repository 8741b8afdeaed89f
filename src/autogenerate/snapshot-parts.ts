import type { Kind, RenameQuestion } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";

/** An object within a snapshot. */
export type SnapshotPart = Readonly<Record<string, unknown>>;

const parts = [
  ["tables", "table"],
  ["enums", "enum"],
  ["sequences", "sequence"],
  ["views", "view"],
  ["roles", "role"],
  ["schemas", "schema"],
  ["policies", "policy"],
] as const;

/**
 * The questions that drizzle-kit would ask in a terminal: it asks if objects of one kind were both removed and added.
 *
 * @param sources see `nameOf`
 */
export function renameQuestions(
  previous: Snapshot,
  current: Snapshot,
  sources: readonly string[],
): RenameQuestion[] {
  const named = (key: string) => nameOf(key, sources);
  const questions = parts.flatMap(([part, kind]) =>
    questionsAbout(kind, [partOf(previous, part), partOf(current, part)], named),
  );
  const before = partOf(previous, "tables");
  for (const [key, table] of Object.entries(partOf(current, "tables"))) {
    if (!Object.hasOwn(before, key)) continue;
    const within = (kind: Kind, part: string) => {
      const versions = [before[key], table].map((one) => partOf(one as SnapshotPart, part));
      return questionsAbout(kind, versions, (name) => name).map((question) => ({
        ...question,
        table: named(key),
      }));
    };
    questions.push(...within("column", "columns"), ...within("policy", "policies"));
  }
  return questions;
}

/** A question if objects of a kind were both removed and added; otherwise none. */
function questionsAbout(
  kind: Kind,
  [before = {}, after = {}]: readonly SnapshotPart[],
  named: (key: string) => string,
): RenameQuestion[] {
  const missingIn = (part: SnapshotPart) => (key: string) => !Object.hasOwn(part, key);
  const removed = Object.keys(before).filter(missingIn(after)).map(named);
  const added = Object.keys(after).filter(missingIn(before)).map(named);
  return removed.length === 0 || added.length === 0 ? [] : [{ kind, removed, added }];
}

/** A part of a snapshot or of a table; empty if it is missing. */
export function partOf(snapshot: SnapshotPart, part: string): SnapshotPart {
  const value = snapshot[part];
  return typeof value === "object" && value !== null ? (value as SnapshotPart) : {};
}

/**
 * The name of an object from its key in a snapshot, such as `public.users`: without the schema if it is the target's.
 *
 * @param sources the schema names that the snapshots use for the schema of the target
 */
export function nameOf(key: string, sources: readonly string[] = ["public"]): string {
  const source = sources.find((schema) => key.startsWith(`${schema}.`));
  return source === undefined ? key : key.slice(source.length + 1);
}

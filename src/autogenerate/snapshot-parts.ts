import type { Kind, RenameQuestion } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";

export type Part = Readonly<Record<string, unknown>>;

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
 * What drizzle-kit would ask on a terminal: it asks wherever things of one kind both go and come.
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
    question(kind, partOf(previous, part), partOf(current, part), named),
  );
  const before = partOf(previous, "tables");
  for (const [key, table] of Object.entries(partOf(current, "tables"))) {
    if (!Object.hasOwn(before, key)) continue;
    const old = before[key] as Part;
    const name = named(key);
    questions.push(
      ...question("column", partOf(old, "columns"), partOf(table as Part, "columns"), asItIs, name),
    );
    questions.push(
      ...question(
        "policy",
        partOf(old, "policies"),
        partOf(table as Part, "policies"),
        asItIs,
        name,
      ),
    );
  }
  return questions;
}

const asItIs = (key: string) => key;

function question(
  kind: Kind,
  before: Part,
  after: Part,
  named: (key: string) => string,
  table?: string,
): RenameQuestion[] {
  const removed = Object.keys(before)
    .filter((key) => !Object.hasOwn(after, key))
    .map(named);
  const added = Object.keys(after)
    .filter((key) => !Object.hasOwn(before, key))
    .map(named);
  if (removed.length === 0 || added.length === 0) return [];
  return [{ kind, removed, added, ...(table === undefined ? {} : { table }) }];
}

/** One of the objects in a snapshot or in a table; an empty one when it is missing. */
export function partOf(snapshot: Part, part: string): Part {
  const value = snapshot[part];
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

/**
 * Snapshots key what lives in a schema as `public.name`. What is in the target's schema reads shorter without it.
 *
 * @param sources by which names the snapshots call the schema of the target
 */
export function nameOf(key: string, sources: readonly string[] = ["public"]): string {
  const source = sources.find((schema) => key.startsWith(`${schema}.`));
  return source === undefined ? key : key.slice(source.length + 1);
}

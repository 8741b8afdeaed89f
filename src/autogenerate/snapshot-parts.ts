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

/** What drizzle-kit would ask on a terminal: it asks wherever things of one kind both go and come. */
export function renameQuestions(previous: Snapshot, current: Snapshot): RenameQuestion[] {
  const questions = parts.flatMap(([part, kind]) =>
    question(kind, partOf(previous, part), partOf(current, part)),
  );
  const before = partOf(previous, "tables");
  for (const [key, table] of Object.entries(partOf(current, "tables"))) {
    if (!Object.hasOwn(before, key)) continue;
    const old = before[key] as Part;
    const name = nameOf(key);
    questions.push(
      ...question("column", partOf(old, "columns"), partOf(table as Part, "columns"), name),
    );
    questions.push(
      ...question("policy", partOf(old, "policies"), partOf(table as Part, "policies"), name),
    );
  }
  return questions;
}

function question(kind: Kind, before: Part, after: Part, table?: string): RenameQuestion[] {
  const removed = Object.keys(before)
    .filter((key) => !Object.hasOwn(after, key))
    .map(nameOf);
  const added = Object.keys(after)
    .filter((key) => !Object.hasOwn(before, key))
    .map(nameOf);
  if (removed.length === 0 || added.length === 0) return [];
  return [{ kind, removed, added, ...(table === undefined ? {} : { table }) }];
}

/** One of the objects in a snapshot or in a table; an empty one when it is missing. */
export function partOf(snapshot: Part, part: string): Part {
  const value = snapshot[part];
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

/** Snapshots key what lives in a schema as `public.name`; tables of the default schema read shorter without it. */
export function nameOf(key: string): string {
  return key.replace(/^public\./, "");
}

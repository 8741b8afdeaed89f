import type { Snapshot } from "./kit.ts";

/** Something that drizzle-kit would ask about: were these renamed, or are the old ones dropped? */
export interface RenameQuestion {
  readonly kind: "table" | "column" | "enum" | "sequence" | "view" | "policy" | "role" | "schema";
  /** For columns and policies: their table. */
  readonly table?: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

type Part = Readonly<Record<string, unknown>>;

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
    if (!(key in before)) continue;
    const old = before[key] as Snapshot;
    const name = nameOf(key);
    questions.push(
      ...question("column", partOf(old, "columns"), partOf(table as Snapshot, "columns"), name),
    );
    questions.push(
      ...question("policy", partOf(old, "policies"), partOf(table as Snapshot, "policies"), name),
    );
  }
  return questions;
}

/** The previous snapshot without all that goes: a diff from it has nothing left to ask. */
export function withoutRemoved(previous: Snapshot, questions: readonly RenameQuestion[]): Snapshot {
  const copy = structuredClone(previous) as Record<
    string,
    Record<string, Record<string, Record<string, unknown>>>
  >;
  for (const { kind, table, removed } of questions) {
    const part = parts.find(([, name]) => name === kind)?.[0];
    const owner =
      table === undefined
        ? copy[part ?? ""]
        : Object.entries(copy.tables ?? {}).find(([key]) => nameOf(key) === table)?.[1][
            kind === "column" ? "columns" : "policies"
          ];
    for (const key of Object.keys(owner ?? {}))
      if (removed.includes(nameOf(key))) delete owner?.[key];
  }
  return copy as unknown as Snapshot;
}

/** A question as a person reads it. */
export function questionText({ kind, table, removed, added }: RenameQuestion): string {
  const of = (name: string) => (table === undefined ? name : `${table}.${name}`);
  const were = removed.length === 1 ? "was" : "were";
  return `${kind} ${removed.map(of).join(", ")} ${were} removed and ${added.map(of).join(", ")} added: renamed, or dropped and new?`;
}

function question(
  kind: RenameQuestion["kind"],
  before: Part,
  after: Part,
  table?: string,
): RenameQuestion[] {
  const removed = Object.keys(before)
    .filter((key) => !(key in after))
    .map(nameOf);
  const added = Object.keys(after)
    .filter((key) => !(key in before))
    .map(nameOf);
  if (removed.length === 0 || added.length === 0) return [];
  return [{ kind, removed, added, ...(table === undefined ? {} : { table }) }];
}

function partOf(snapshot: Snapshot, part: string): Part {
  const value = snapshot[part];
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

/** Snapshots key what lives in a schema as `public.name`; tables of the default schema read shorter without it. */
function nameOf(key: string): string {
  return key.replace(/^public\./, "");
}

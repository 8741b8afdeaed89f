import type { Decisions, Kind, Rename, RenameQuestion } from "./decisions.ts";
import {
  type Entity,
  type FolderApi,
  type FolderRow,
  type FolderState,
  type FolderTools,
  type Hint,
  rowsOf,
} from "./folder-api.ts";
import type { Snapshot } from "./kit-types.ts";

const entityTypes: Readonly<Record<Kind, string>> = {
  table: "tables",
  column: "columns",
  enum: "enums",
  view: "views",
  sequence: "sequences",
  policy: "policies",
  role: "roles",
  schema: "schemas",
};

/** A new object that drizzle-kit cannot tell from a renamed one. */
interface MissingHint {
  readonly kind: string;
  readonly entity: Entity;
}

/** The SQL, or the questions that drizzle-kit still has. */
type Attempt = { readonly sql: string[] } | { readonly missing: readonly MissingHint[] };

/** Two snapshots to compare. */
interface Comparison {
  readonly previous: Snapshot;
  readonly current: Snapshot;
}

async function attempt(
  api: FolderApi,
  { previous, current }: Comparison,
  hints: readonly Hint[],
): Promise<Attempt> {
  try {
    return { sql: await api.generateMigration(previous, current, { hints }) };
  } catch (error) {
    const { missingHints } = error as { missingHints?: readonly MissingHint[] };
    if (missingHints === undefined) throw error;
    return { missing: missingHints };
  }
}

/** The SQL of a difference with these hints. Other objects count as new: only a person's answer makes a rename. */
export async function sqlWithHints(
  api: FolderApi,
  compared: Comparison,
  given: readonly Hint[],
): Promise<{ readonly sql: string[]; readonly hints: readonly Hint[] }> {
  const hints = [...given];
  for (;;) {
    const tried = await attempt(api, compared, hints);
    if ("sql" in tried) return { sql: tried.sql, hints };
    const [first] = tried.missing;
    if (first === undefined) return { sql: [], hints };
    // One at a time: an answer about a column can settle the questions about its indexes and constraints.
    hints.push({ type: "create", kind: first.kind, entity: first.entity });
  }
}

/** The questions that drizzle-kit 1.0 has, see `Kit.questions`. */
export async function openQuestions(
  { api, sources }: FolderTools,
  compared: { readonly previous: FolderState; readonly current: FolderState },
  decisions: Decisions,
): Promise<RenameQuestion[]> {
  const tried = await attempt(api, compared, hintsOf(decisions, compared.previous, sources));
  const byPlace = new Map<string, RenameQuestion>();
  for (const { kind, entity } of "sql" in tried ? [] : tried.missing) {
    // Indexes and constraints hold no data: recreating them loses nothing, so they need no question.
    if (!isKind(kind)) continue;
    const table = entity.length === 3 ? entity[1] : undefined;
    const of = table === undefined ? {} : { table };
    const place = JSON.stringify([kind, table]);
    const question = byPlace.get(place) ?? {
      ...{ kind, ...of, added: [] },
      removed: removedNames(compared, { kind, ...of }, decisions),
    };
    byPlace.set(place, { ...question, added: [...question.added, entity.at(-1) ?? ""] });
  }
  return [...byPlace.values()];
}

function isKind(kind: string): kind is Kind {
  return kind in entityTypes;
}

/** The removed objects of a kind that were not renamed; of columns and policies, those of one table by its new name. */
function removedNames(
  { previous, current }: Comparison,
  { kind, table }: Pick<Rename, "kind" | "table">,
  { renames }: Decisions,
): string[] {
  const namesIn = (snapshot: Snapshot, of: string | undefined) =>
    rowsOf(snapshot).flatMap((row) =>
      row.entityType === entityTypes[kind] && (of === undefined || row.table === of)
        ? row.name
        : [],
    );
  const present = new Set(namesIn(current, table));
  const renamed = new Set(
    renames.flatMap((one) => (one.kind === kind && one.table === table ? one.from : [])),
  );
  return namesIn(previous, formerName(table, renames)).filter(
    (name) => !present.has(name) && !renamed.has(name),
  );
}

/** Decisions as drizzle-kit's hints. Tables come first: hints about their columns use the new table names. */
export function hintsOf(
  { renames }: Decisions,
  previous: Snapshot,
  sources: readonly string[],
): Hint[] {
  const rows = rowsOf(previous);
  const hints = renames.map(({ kind, table, from, to }): Hint => {
    const former = formerName(table, renames);
    const place =
      kind === "role" || kind === "schema"
        ? []
        : [schemaIn(rows, sources, table === undefined ? kind : "table", former ?? from)];
    const owner = table === undefined ? place : [...place, table];
    return { type: "rename", kind, from: [...owner, from], to: [...owner, to] };
  });
  return [
    ...hints.filter(({ kind }) => kind === "table"),
    ...hints.filter(({ kind }) => kind !== "table"),
  ];
}

/** The name that a table had before these renames. */
function formerName(table: string | undefined, renames: readonly Rename[]): string | undefined {
  return renames.find((one) => one.kind === "table" && one.to === table)?.from ?? table;
}

/** The schema of an object in a snapshot. If several schemas have its name, the target's is preferred. */
function schemaIn(
  rows: readonly FolderRow[],
  sources: readonly string[],
  kind: Kind,
  name: string,
): string {
  const schemas = rows.flatMap((row) =>
    row.entityType === entityTypes[kind] && row.name === name ? (row.schema ?? []) : [],
  );
  return schemas.find((schema) => sources.includes(schema)) ?? schemas[0] ?? "public";
}

/** A hint with other names. */
export function renamedHint(hint: Hint, nameOf: (name: string) => string): Hint {
  return hint.type === "create"
    ? { ...hint, entity: hint.entity.map(nameOf) }
    : { ...hint, from: hint.from.map(nameOf), to: hint.to.map(nameOf) };
}

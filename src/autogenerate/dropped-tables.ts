import { FleetError } from "../core/errors.ts";
import type { Decisions, Drop } from "./decisions.ts";
import type { SchemaDiff } from "./diff.ts";
import { objectsOf } from "./snapshot-objects.ts";

/** Tables that a change drops, and whether that looks like a mistake. */
export interface DroppedTables {
  readonly service: string;
  /** All that go and were not renamed. */
  readonly tables: readonly string[];
  /** Those of them that nothing was said about. */
  readonly unsaid: readonly string[];
  /** Schema files that define tables and export none. */
  readonly silent: readonly string[];
  /** True: it must be confirmed. */
  readonly doubtful: boolean;
}

/**
 * Which tables a change drops. One table that goes alone is an ordinary change. Several at once, or the last one, may
 * be a schema file that lost its exports.
 */
export function droppedTables(
  { service, previous, current, silent, sources }: SchemaDiff,
  { renames, drops }: Decisions,
): DroppedTables {
  const left = new Set(tablesOf(current, sources));
  const renamed = new Set(renames.flatMap(({ kind, from }) => (kind === "table" ? from : [])));
  const tables = tablesOf(previous, sources).filter(
    (name) => !left.has(name) && !renamed.has(name),
  );
  const said = new Set(drops.flatMap(({ kind, name }) => (kind === "table" ? name : [])));
  const unsaid = tables.filter((name) => !said.has(name));
  const ordinary = tables.length === 1 && left.size > 0 && silent.length === 0;
  return { service, tables, unsaid, silent, doubtful: unsaid.length > 0 && !ordinary };
}

/** The tables in the schema of the target: those of shared schemas are left out of the SQL. */
function tablesOf(snapshot: SchemaDiff["previous"], sources: readonly string[]): string[] {
  return objectsOf(snapshot).flatMap(({ kind, schema, name }) =>
    kind === "table" && sources.includes(schema) ? name : [],
  );
}

/** Which of the options that were given say that a table of these is dropped. */
export function dropsOf({ tables }: DroppedTables, { drops }: Decisions): Drop[] {
  return drops.filter(({ kind, name }) => kind === "table" && tables.includes(name));
}

/** What goes, as a person reads it. */
export function droppedText({ tables, silent }: DroppedTables): string {
  const what = tables.length === 1 ? `table ${tables[0]} is` : `${tables.length} tables are`;
  const list = tables.length === 1 ? "" : `: ${tables.join(", ")}`;
  const files = silent.map((file) => `; ${file} defines tables and exports none`).join("");
  return `${what} no longer in the schema${list}${files}`;
}

/** The refusal without a terminal to ask on. */
export function refuseDropped(all: readonly DroppedTables[]): void {
  if (all.length === 0) return;
  const lines = all.map((one) => `  ${one.service}: ${droppedText(one)}`);
  const flags = all.flatMap(({ unsaid }) => unsaid.map((name) => `--drop table:${name}`));
  throw new FleetError(
    "schema",
    `tables would be dropped, with their rows, for every tenant:\n${lines.join("\n")}`,
    {
      remedy: `Nothing was written. Check that the schema files still export them. To drop them, run the same command with: ${flags.join(" ")}`,
    },
  );
}

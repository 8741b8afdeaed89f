import { FleetError } from "../core/errors.ts";
import type { Decisions, Drop } from "./decisions.ts";
import type { SchemaDiff } from "./diff.ts";
import { objectsOf } from "./snapshot-objects.ts";

/** Tables that a change drops, and whether it looks like a mistake. */
export interface DroppedTables {
  readonly service: string;
  /** All removed tables that were not renamed. */
  readonly tables: readonly string[];
  /** Those that no option and no answer confirms. */
  readonly unconfirmed: readonly string[];
  /** Schema files that define tables but export none. */
  readonly silent: readonly string[];
  /** True if the drop must be confirmed. */
  readonly doubtful: boolean;
}

/**
 * The tables that a change drops. Dropping one of several tables is an ordinary change; dropping several at once, or the
 * last one, can mean that a schema file lost its exports.
 */
export function droppedTables(
  { service, previous, current, silent, sources }: SchemaDiff,
  { renames, drops }: Decisions,
): DroppedTables {
  const remaining = new Set(ownTables(current, sources));
  const renamed = new Set(renames.flatMap(({ kind, from }) => (kind === "table" ? from : [])));
  const tables = ownTables(previous, sources).filter(
    (name) => !remaining.has(name) && !renamed.has(name),
  );
  const confirmed = new Set(drops.flatMap(({ kind, name }) => (kind === "table" ? name : [])));
  const unconfirmed = tables.filter((name) => !confirmed.has(name));
  const ordinary = tables.length === 1 && remaining.size > 0 && silent.length === 0;
  return { service, tables, unconfirmed, silent, doubtful: unconfirmed.length > 0 && !ordinary };
}

/** The tables in the schema of the target: migrations do not contain those of shared schemas. */
function ownTables(snapshot: SchemaDiff["previous"], sources: readonly string[]): string[] {
  return objectsOf(snapshot).flatMap(({ kind, schema, name }) =>
    kind === "table" && sources.includes(schema) ? name : [],
  );
}

/** The given answers that confirm dropping one of these tables. */
export function dropsOf({ tables }: DroppedTables, { drops }: Decisions): Drop[] {
  return drops.filter(({ kind, name }) => kind === "table" && tables.includes(name));
}

/** The dropped tables, as shown to the user. */
export function droppedText({ tables, silent }: DroppedTables): string {
  const what = tables.length === 1 ? `table ${tables[0]} is` : `${tables.length} tables are`;
  const list = tables.length === 1 ? "" : `: ${tables.join(", ")}`;
  const files = silent.map((file) => `; ${file} defines tables but exports none`).join("");
  return `${what} no longer in the schema${list}${files}`;
}

/** Refuses unconfirmed drops. */
export function refuseDroppedTables(all: readonly DroppedTables[]): void {
  if (all.length === 0) return;
  const lines = all.map((one) => `  ${one.service}: ${droppedText(one)}`);
  const flags = all.flatMap(({ unconfirmed }) => unconfirmed.map((name) => `--drop table:${name}`));
  throw new FleetError(
    "schema",
    `tables would be dropped, with their rows, for every tenant:\n${lines.join("\n")}`,
    {
      remedy: `Nothing was written. Check that the schema files still export these tables. To drop them, run the same command with: ${flags.join(" ")}`,
    },
  );
}

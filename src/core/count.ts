import { visibleLine } from "./visible.ts";

/** A number with its noun: `1 target`, `2 targets`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The number of relations in a schema: `1 table, view or sequence`, `2 tables, views or sequences`. */
export function countedRelations(count: number): string {
  return count === 1 ? "1 table, view or sequence" : `${count} tables, views or sequences`;
}

/** The first names of a list, and the number of the others: `a, b and 3 more`. */
export function shortList(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map(visibleLine).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

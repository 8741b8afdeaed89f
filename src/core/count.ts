/** A number with its noun: `1 target`, `2 targets`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** How many relations a schema holds: `1 table, view or sequence`, `2 tables, views or sequences`. */
export function countedRelations(count: number): string {
  return count === 1 ? "1 table, view or sequence" : `${count} tables, views or sequences`;
}

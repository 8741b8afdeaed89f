import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import { isTree } from "../sql/tree.ts";
import type { DeclaredTables, LintContext, LintedStatement } from "./rule.ts";

/** The tables and views that a snapshot of drizzle-kit declares, in both layouts. */
export function declaredIn({ content }: StoredSnapshot): DeclaredTables {
  const found = new Map<string, Set<string>>();
  const note = (table: unknown, columns: readonly unknown[]) => {
    if (typeof table !== "string") return;
    const known = found.get(table) ?? new Set<string>();
    for (const column of columns) if (typeof column === "string") known.add(column);
    found.set(table, known);
  };
  for (const entry of [content.tables, content.views].flatMap(valuesOf))
    note(
      entry.name,
      valuesOf(entry.columns).map(({ name }) => name),
    );
  for (const { entityType, table, name } of valuesOf(content.ddl)) {
    if (entityType === "tables" || entityType === "views") note(name, []);
    if (entityType === "columns") note(table, [name]);
  }
  return found;
}

function valuesOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return typeof value === "object" && value !== null ? Object.values(value).filter(isTree) : [];
}

/** What the release before a statement's migration declares; undefined if neither a snapshot nor the tables are known. */
export function releasedBefore(
  { migration, before }: LintedStatement,
  { declaredBefore }: LintContext,
): DeclaredTables | undefined {
  const declared = declaredBefore?.(migration);
  if (declared !== undefined || before === undefined) return declared;
  return new Map(
    [...before.values()].flatMap(({ schema, name, columns, isPartition }) =>
      schema === undefined && !isPartition
        ? [[name, new Set(columns.map((one) => one.name))] as const]
        : [],
    ),
  );
}

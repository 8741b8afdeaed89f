import { type FolderRow, rowsOf } from "./folder-api.ts";
import type { EnumModel } from "./statement-order.ts";

/** How drizzle-kit 1.0 stores enums and the objects that depend on them. */
export const folderEnums: EnumModel = {
  enumsOf: (snapshot) =>
    new Map(
      rowsOf(snapshot).flatMap(({ entityType, name, values }) =>
        entityType === "enums" ? [[name, Array.isArray(values) ? values.map(String) : []]] : [],
      ),
    ),
  withoutDependents(snapshot, enums) {
    const rows = rowsOf(snapshot);
    const columns = rows.filter(
      ({ entityType, type }) => entityType === "columns" && enums.has(String(type)),
    );
    const names = (row: FolderRow, value: unknown) =>
      columns.some(
        ({ table, name }) => table === row.table && (JSON.stringify(value) ?? "").includes(name),
      );
    return {
      ...snapshot,
      ddl: rows.filter((row) => {
        if (row.entityType === "views") return false;
        if (row.entityType === "checks" || row.entityType === "policies") return !names(row, row);
        if (row.entityType !== "indexes") return true;
        const own = Array.isArray(row.columns) ? row.columns : [];
        return !names(row, [row.where, own.filter(({ isExpression }) => isExpression)]);
      }),
    };
  },
};

import { FleetError, messageOf } from "../core/errors.ts";
import { type Export, extrasOf, inlineKeysOf, tableNameOf } from "./same-names.ts";

/**
 * The table whose definition refers to a column or a table that is undefined: drizzle-kit's own error names neither the
 * file nor the table.
 *
 * @param error what was thrown while the tables were read
 * @param where the place in the schema that the error came from, where one is known
 * @returns undefined when every table can be read
 */
export function undefinedColumn(
  exports: readonly Export[],
  error: unknown,
  where: string | undefined,
): FleetError | undefined {
  for (const { name, file, value } of exports) {
    const table = tableNameOf(value);
    if (table === undefined) continue;
    const what = faultOf(value as object);
    if (what === undefined) continue;
    return new FleetError("schema", `table ${table}, export ${name}: ${what}`, {
      where: where ?? file,
      remedy:
        "Correct the column's name, or import its table. Between two files that import each other, write references((): AnyPgColumn => other.id).",
      cause: error,
    });
  }
  return undefined;
}

function faultOf(table: object): string | undefined {
  if (inlineKeysOf(table).some(refersToNothing))
    return "references() names a column that is undefined";
  try {
    return extrasOf(table).some(refersToNothing)
      ? "foreignKey() names a column that is undefined"
      : undefined;
  } catch (error) {
    return `its indexes and constraints cannot be read: ${messageOf(error)}`;
  }
}

/** Of what has a reference; anything else refers to nothing that could be undefined. */
function refersToNothing(part: unknown): boolean {
  const reference: unknown =
    typeof part === "object" && part !== null ? Reflect.get(part, "reference") : undefined;
  if (typeof reference !== "function") return false;
  try {
    const { columns, foreignColumns } = reference();
    return [...columns, ...foreignColumns].some((column) => column === undefined);
  } catch {
    return true;
  }
}

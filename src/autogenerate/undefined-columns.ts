import { FleetError, messageOf } from "../core/errors.ts";
import { type Export, extrasOf, inlineKeysOf, tableNameOf } from "./drizzle-tables.ts";

/**
 * An error that names the table whose definition refers to an undefined column or table: drizzle-kit's own error names
 * neither the file nor the table.
 *
 * @param error the error that was thrown while the tables were read
 * @param where the place in the schema that the error came from, if it is known
 * @returns undefined if every table can be read
 */
export function undefinedColumnError(
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
        "Correct the column's name, or import its table. If two files import each other, write references((): AnyPgColumn => other.id).",
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

/** True for a foreign key whose columns cannot be read or are undefined; false for any other object. */
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

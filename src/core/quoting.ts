import { FleetError } from "./errors.ts";
import { longestName, refuseUnsendable } from "./sendable.ts";
import { quotedName } from "./visible.ts";

/**
 * Quotes a name for SQL text, whatever it contains. No name enters SQL in any other way.
 *
 * @throws FleetError `refused` for a name that PostgreSQL would truncate or that cannot be sent unchanged
 */
export function quoteIdentifier(name: string): string {
  refuseUnsendable("a name", name);
  // A character takes at most three bytes for each of its code units.
  const bytes = name.length * 3 <= longestName ? 0 : Buffer.byteLength(name);
  if (bytes > longestName)
    throw new FleetError("refused", `the name ${quotedName(name)} is ${bytes} bytes long`, {
      remedy: `PostgreSQL would truncate it to ${longestName} bytes. Choose a shorter name.`,
    });
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Quotes a string for SQL text that cannot take parameters: DO blocks, DDL, and the single message of a step.
 * With a backslash in it, it is an E'' string, which means the same whatever standard_conforming_strings is.
 */
export function quoteLiteral(value: string): string {
  const quoted = value.replaceAll("'", "''");
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

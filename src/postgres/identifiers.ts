import pg from "pg";
import { FleetError } from "../core/errors.ts";
import { longestName, refuseUnsendable } from "../core/sendable.ts";
import { quotedName } from "../core/visible.ts";

/**
 * Quotes a name for SQL text, whatever it contains. The only way a name enters SQL in this project.
 *
 * @throws FleetError `refused` for a name that PostgreSQL would cut, or that cannot be sent as it is
 */
export function quoteIdentifier(name: string): string {
  refuseUnsendable("a name", name);
  // No character takes more than three bytes for each of its code units.
  const bytes = name.length * 3 <= longestName ? 0 : Buffer.byteLength(name);
  if (bytes > longestName)
    throw new FleetError("refused", `the name ${quotedName(name)} is ${bytes} bytes long`, {
      remedy: `PostgreSQL would cut it to ${longestName} bytes. Choose a shorter one.`,
    });
  return pg.escapeIdentifier(name);
}

/** Quotes a string for SQL text, for the one place that cannot take parameters: a step's single message. */
export function quoteLiteral(value: string): string {
  return pg.escapeLiteral(value);
}

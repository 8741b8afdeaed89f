import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { differingStatements, lineWith, statementsFor } from "./same-structure.ts";
import { readStructure } from "./structure.ts";

/** Statements that can be run again. Function bodies and comments are text, in which a rename leaves the old name. */
const repeatable = /^(?:CREATE OR REPLACE (?:FUNCTION|PROCEDURE)|COMMENT ON) /;

/**
 * Renames a schema, also where PostgreSQL stores its name as text: in comments, in settings of functions, and in
 * function bodies if the name of an object in the schema follows it.
 *
 * @param session in a transaction that may write. If this throws, roll it back
 * @throws FleetError `refused` if the old name remains anywhere else, or if the schema contains objects that cannot be
 *   read
 */
export async function renameSchema(session: Session, from: string, to: string): Promise<void> {
  const before = await readStructure(session, from);
  await session.query(`ALTER SCHEMA ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`);
  const renamed = statementsFor(await readStructure(session, to), to);
  const stale = [...statementsFor(before, to)].filter(
    (statement) => !renamed.has(statement) && repeatable.test(statement),
  );
  if (stale.length > 0)
    await session.script(["SET LOCAL check_function_bodies = off", ...stale].join(";\n"));
  const different = differingStatements(before, await readStructure(session, to), to);
  const remaining = different.find((statement) => statement.includes(from)) ?? different[0];
  if (remaining === undefined) return;
  throw new FleetError(
    "refused",
    `schema ${from} contains its own name in a place that a rename does not change: ${lineWith(remaining, from)}`,
    {
      remedy:
        "Clone the tenant under the new id, then remove the original. To clone it, run: npx drizzle-fleet tenants clone <tenant> <new-tenant>",
    },
  );
}

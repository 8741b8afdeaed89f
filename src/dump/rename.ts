import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { lineWith, statementsFor, unlike } from "./same-structure.ts";
import { readStructure } from "./structure.ts";

/** What can be said again: bodies of functions, and comments, are text, and a rename leaves the old name in them. */
const repeatable = /^(?:CREATE OR REPLACE (?:FUNCTION|PROCEDURE)|COMMENT ON) /;

/**
 * Gives a schema another name, also where PostgreSQL keeps it as text: in bodies and settings of functions, as far as it
 * is followed by the name of something in the schema, and in comments.
 *
 * @param session in a transaction that may write; to be rolled back when this throws
 * @throws FleetError `refused` when the old name is left anywhere else, or when the schema holds what cannot be read
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
  const different = unlike(before, await readStructure(session, to), to);
  const left = different.find((statement) => statement.includes(from)) ?? different[0];
  if (left === undefined) return;
  throw new FleetError(
    "refused",
    `${from} has its own name where a rename does not reach: ${lineWith(left, from)}`,
    { remedy: "Clone the tenant with its data under the new name, and remove this one." },
  );
}

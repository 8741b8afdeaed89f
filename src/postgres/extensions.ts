import { FleetError, messageOf } from "../core/errors.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Channel } from "./channel.ts";
import { lockKey } from "./lock.ts";
import type { Session } from "./session.ts";
import { sqlstateOf } from "./sqlstate.ts";

/**
 * Creates extensions in one schema of a database, unless they exist. For existing ones no privilege is needed.
 *
 * @throws FleetError `config` if an extension is in another schema, or cannot be created
 */
export async function ensureExtensions(
  session: Session,
  schema: string,
  names: readonly string[],
): Promise<void> {
  const present = await session.query<{ name: string; schema: string }>(
    `SELECT e.extname AS name, n.nspname AS schema FROM pg_catalog.pg_extension e
     JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = ANY($1)`,
    [names],
  );
  const elsewhere = present.find((extension) => extension.schema !== schema);
  if (elsewhere !== undefined) {
    throw new FleetError(
      "config",
      `the extension ${elsewhere.name} is in the schema ${elsewhere.schema}, not in ${schema}`,
      {
        remedy: `Set the service's extensionSchema to "${elsewhere.schema}". Or, to move the extension, run: ALTER EXTENSION ${quoteIdentifier(elsewhere.name)} SET SCHEMA ${quoteIdentifier(schema)};`,
      },
    );
  }
  const missing = [...new Set(names)].filter(
    (name) => !present.some((extension) => extension.name === name),
  );
  if (missing.length === 0) return;
  await session.script(createExtensions(schema, missing)).catch(async (cause: unknown) => {
    // The session is reused.
    if (!session.lost) await session.script("ROLLBACK");
    const state = cause instanceof Error && "cause" in cause ? sqlstateOf(cause.cause) : undefined;
    throw new FleetError(
      "config",
      `cannot create the extension${missing.length === 1 ? "" : "s"} ${missing.join(", ")}: ${messageOf(cause)}${state === undefined ? "" : ` (SQLSTATE ${state})`}`,
      {
        remedy: `Have a role with the required privilege create ${missing.length === 1 ? "it" : "them"} in the schema ${schema}. Then run the same command again.`,
        cause,
      },
    );
  });
}

/** Like `ensureExtensions`, for a script: what exists is checked when the script runs. */
export async function scriptExtensions(
  channel: Channel,
  schema: string,
  names: readonly string[],
): Promise<void> {
  for (const name of new Set(names)) {
    const there = `EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = ${quoteLiteral(name)})`;
    await channel.when(`NOT ${there}`, () => channel.script(createExtensions(schema, [name])));
  }
}

/** The lock keeps two runners from creating the same extension at the same time. */
function createExtensions(schema: string, names: readonly string[]): string {
  return [
    "BEGIN",
    `SELECT pg_catalog.pg_advisory_xact_lock(${lockKey(`extensions of ${schema}`)})`,
    `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`,
    ...names.map(
      (name) =>
        `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} WITH SCHEMA ${quoteIdentifier(schema)}`,
    ),
    "COMMIT",
  ].join(";\n");
}

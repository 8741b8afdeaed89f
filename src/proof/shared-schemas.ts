import { FleetError, messageOf } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { parse } from "../sql/parser.ts";
import { type ReadMigration, readStatements } from "../sql/read-statements.ts";
import type { Bench } from "./bench.ts";
import { setSearchPath } from "./read-draft-statements.ts";

/** A migration or a down, which has to be read before it runs: it may change shared schemas. */
export type SqlText = Pick<Migration, "tag" | "file" | "text">;

/**
 * Runs a trial with the shared schemas that its SQL expects. Existing ones on the server are not changed; missing ones are
 * created, and dropped afterwards.
 *
 * @param texts all SQL that the trial runs
 * @param declared gives the SQL for the objects that the Drizzle schema declares in shared schemas
 * @returns the result of `use`, or why nothing can be tried
 */
export async function withSharedSchemas<Result>(
  bench: Bench,
  texts: readonly SqlText[],
  declared: () => Promise<readonly string[]>,
  use: () => Promise<Result>,
): Promise<Result | FleetError> {
  const read = texts.map((one) => ({
    ...one,
    does: readStatements(one.file, one.text, bench.allowanceOf(one.tag), []),
  }));
  const fixed = read.find(({ does }) => does.boundToSchema);
  if (fixed !== undefined) return fixedNameError(fixed);
  if (bench.foreignSchemas.length === 0) return use();
  const present = await existingSchemas(bench.session, bench.foreignSchemas);
  for (const one of read) {
    const schema = one.does.writesShared.find((name) => present.includes(name));
    if (schema !== undefined) return existingSchemaError(one, schema);
  }
  const missing = bench.foreignSchemas.filter((name) => !present.includes(name));
  try {
    const failed =
      missing.length === 0
        ? undefined
        : await createMissing(bench, missing, read, await declared());
    return failed ?? (await use());
  } finally {
    if (!bench.session.lost) await dropSchemas(bench.session, missing);
  }
}

/** Creates the missing schemas, except those that the SQL itself creates. */
async function createMissing(
  { session }: Bench,
  missing: readonly string[],
  read: readonly { readonly does: ReadMigration }[],
  declared: readonly string[],
): Promise<FleetError | undefined> {
  const made = new Set(read.flatMap(({ does }) => schemasMade(does)));
  for (const schema of missing.filter((name) => !made.has(name)))
    await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  await session.query(setSearchPath(missing));
  for (const statement of declared) {
    if (schemasIn(statement).length > 0) continue;
    const error = await session.query(statement).then(() => undefined, asError);
    if (error !== undefined) return declarationError(statement, error);
  }
  return undefined;
}

function asError(error: unknown): unknown {
  return error;
}

function schemasMade({ statements }: ReadMigration): string[] {
  return statements.flatMap(({ original }) => schemasIn(original));
}

function schemasIn(statement: string): string[] {
  if (!/\bschema\b/i.test(statement)) return [];
  return parse(statement).flatMap(({ tree }) => {
    const { CreateSchemaStmt: body } = tree as { CreateSchemaStmt?: { schemaname?: string } };
    return body?.schemaname ?? [];
  });
}

async function existingSchemas(session: Session, schemas: readonly string[]): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY($1)",
    [schemas],
  );
  return rows.map(({ name }) => name);
}

async function dropSchemas(session: Session, schemas: readonly string[]): Promise<void> {
  if (schemas.length === 0) return;
  await session.script("ROLLBACK");
  await session.query(`DROP SCHEMA IF EXISTS ${schemas.map(quoteIdentifier).join(", ")} CASCADE`);
}

function fixedNameError({ tag, file }: SqlText): FleetError {
  return new FleetError(
    "proof",
    `${tag} cannot be tried in a scratch schema: it names the service's schema in a place where it cannot be replaced`,
    {
      where: file,
      remedy:
        "Remove the schema from the names, or rewrite the statement so that it can be parsed.",
    },
  );
}

function existingSchemaError({ tag, file }: SqlText, schema: string): FleetError {
  return new FleetError(
    "proof",
    `${tag} cannot be tried here: it changes the schema "${schema}", which already exists on this server`,
    {
      where: file,
      remedy: `Use a server without that schema, such as the embedded one: the proof creates the schema there and drops it again.`,
    },
  );
}

function declarationError(statement: string, error: unknown): FleetError {
  return new FleetError(
    "proof",
    `an object that the Drizzle schema declares in a shared schema cannot be created: ${messageOf(error)}`,
    {
      excerpt: statement,
      remedy: "Use a server that has the shared schema, with --database <url>.",
    },
  );
}

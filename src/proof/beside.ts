import { FleetError, messageOf } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { parse } from "../sql/parser.ts";
import { type ReadMigration, readStatements } from "../sql/read-statements.ts";
import type { Bench } from "./bench.ts";
import { searchIn } from "./moves.ts";

/** A migration, or its down, whose work outside a scratch schema must be looked at before it runs. */
export type Text = Pick<Migration, "tag" | "file" | "text">;

/**
 * Tries something out where shared schemas are as its SQL expects them. Those that are on the server stay as they are;
 * those that are not are made, and dropped again.
 *
 * @param texts all that is going to run
 * @param declared gives the SQL that makes what the Drizzle schema declares in shared schemas
 * @returns what `use` gives, or why nothing may be tried
 */
export async function besideShared<Result>(
  bench: Bench,
  texts: readonly Text[],
  declared: () => Promise<readonly string[]>,
  use: () => Promise<Result>,
): Promise<Result | FleetError> {
  const read = texts.map((one) => ({
    ...one,
    does: readStatements(one.file, one.text, bench.allowanceOf(one.tag), []),
  }));
  const fixed = read.find(({ does }) => does.boundToSchema);
  if (fixed !== undefined) return fixedProblem(fixed);
  if (bench.othersSchemas.length === 0) return use();
  const present = await presentOf(bench.session, bench.othersSchemas);
  for (const one of read) {
    const schema = one.does.writesShared.find((name) => present.includes(name));
    if (schema !== undefined) return presentProblem(one, schema);
  }
  const missing = bench.othersSchemas.filter((name) => !present.includes(name));
  try {
    const failed =
      missing.length === 0 ? undefined : await standIn(bench, missing, read, await declared());
    return failed ?? (await use());
  } finally {
    if (!bench.session.lost) await dropAll(bench.session, missing);
  }
}

/** Makes schemas that are not on the server, but for those that the SQL makes itself. */
async function standIn(
  { session }: Bench,
  missing: readonly string[],
  read: readonly { readonly does: ReadMigration }[],
  declared: readonly string[],
): Promise<FleetError | undefined> {
  const made = new Set(read.flatMap(({ does }) => schemasMade(does)));
  for (const schema of missing.filter((name) => !made.has(name)))
    await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  await session.query(searchIn(missing));
  for (const statement of declared) {
    if (schemasIn(statement).length > 0) continue;
    const error = await session.query(statement).then(() => undefined, asError);
    if (error !== undefined) return undeclarable(statement, error);
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

async function presentOf(session: Session, schemas: readonly string[]): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY($1)",
    [schemas],
  );
  return rows.map(({ name }) => name);
}

async function dropAll(session: Session, schemas: readonly string[]): Promise<void> {
  if (schemas.length === 0) return;
  await session.script("ROLLBACK");
  await session.query(`DROP SCHEMA IF EXISTS ${schemas.map(quoteIdentifier).join(", ")} CASCADE`);
}

function fixedProblem({ tag, file }: Text): FleetError {
  return new FleetError(
    "proof",
    `${tag} cannot be tried in a scratch schema: it names the service's schema in a place where it cannot be replaced`,
    { where: file, remedy: "Write the names without their schema, or as SQL that can be read." },
  );
}

function presentProblem({ tag, file }: Text, schema: string): FleetError {
  return new FleetError(
    "proof",
    `${tag} cannot be tried here: it works in the schema "${schema}", which already exists on this server`,
    {
      where: file,
      remedy: `Use a server without that schema, such as the embedded one: the proof creates it there and drops it again.`,
    },
  );
}

function undeclarable(statement: string, error: unknown): FleetError {
  return new FleetError(
    "proof",
    `what the Drizzle schema declares in a shared schema cannot be made: ${messageOf(error)}`,
    { excerpt: statement, remedy: "Use a server that has it: --database <url>" },
  );
}

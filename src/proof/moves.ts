import { type FleetError, throwProblems } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import type { Session } from "../postgres/session.ts";
import type { Allowance } from "../sql/allowance.ts";
import { parse } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { subjectsOf, typesIn } from "../sql/subjects.ts";
import type { Move } from "./move.ts";
import { primaryKeyOf } from "./repairs.ts";

/** Between two statements in a file, as drizzle-kit writes it. */
export const breakpoint = "--> statement-breakpoint\n";

/**
 * Reads statements for a scratch schema.
 *
 * @param chunks SQL with one statement or more each
 * @throws FleetError `rejected` with all that does not parse or leaves the tenant
 */
export function movesOf(chunks: readonly string[], schema: string, allowance: Allowance): Move[] {
  const problems: FleetError[] = [];
  const { statements } = readStatements(
    "the new SQL",
    chunks.join(breakpoint),
    allowance,
    problems,
  );
  throwProblems(problems, "the generated SQL is refused");
  return statements.map(({ original, sql }) => {
    const text = fill(sql, quoteIdentifier(schema));
    const [parsed] = parse(text);
    if (parsed === undefined) throw new Error(`no statement: ${original}`);
    return {
      text: original,
      sql: text,
      tree: parsed.tree,
      subjects: subjectsOf(parsed.tree, [schema]),
      types: typesIn(parsed.tree, [schema]),
    };
  });
}

/** SQL that puts these schemas on the search_path. */
export function searchIn(schemas: readonly string[]): string {
  return `SET search_path = ${schemas.map(quoteIdentifier).join(", ")}`;
}

/** The text of a file with these statements. */
export function chunksOf(moves: readonly Move[]): string[] {
  return moves.map(({ text }) => `${text};`);
}

/**
 * drizzle-kit 0.31 leaves it to a person to drop a primary key, because it does not know the key's name: the server
 * does.
 */
export async function withNamesOfKeys(
  session: Session,
  schema: string,
  chunks: readonly string[],
): Promise<string[]> {
  const named: string[] = [];
  for (const chunk of chunks) named.push(await withNameOfKey(session, schema, chunk));
  return named;
}

async function withNameOfKey(session: Session, schema: string, chunk: string): Promise<string> {
  const [, table] =
    /ALTER TABLE (?:"[^"]+"\.)?"([^"]+)" DROP CONSTRAINT "?<constraint_name>/.exec(chunk) ?? [];
  if (table === undefined) return chunk;
  const key = await primaryKeyOf(session, schema, table);
  if (key === undefined) return chunk;
  return `ALTER TABLE ${quoteIdentifier(table)} DROP CONSTRAINT ${quoteIdentifier(key)};`;
}

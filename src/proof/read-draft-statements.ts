import { statementBreakpoint } from "../autogenerate/down.ts";
import { type FleetError, throwProblems } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import type { Session } from "../postgres/session.ts";
import type { Allowance } from "../sql/allowance.ts";
import { parse } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { subjectsOf, typesIn } from "../sql/subjects.ts";
import type { DraftStatement } from "./draft-statement.ts";
import { primaryKeyOf } from "./primary-key.ts";

/**
 * Parses statements for a scratch schema.
 *
 * @param chunks SQL texts, each with one or more statements
 * @throws FleetError `syntax` or `isolation`, with the statements that do not parse or that leave the tenant
 */
export function readDraftStatements(
  chunks: readonly string[],
  schema: string,
  allowance: Allowance,
): DraftStatement[] {
  const problems: FleetError[] = [];
  const { statements } = readStatements(
    "the new SQL",
    chunks.join(statementBreakpoint),
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

/** The SQL that sets the search_path to these schemas. */
export function setSearchPath(schemas: readonly string[]): string {
  return `SET search_path = ${schemas.map(quoteIdentifier).join(", ")}`;
}

/** The statements as texts for a file. */
export function textsOf(statements: readonly DraftStatement[]): string[] {
  return statements.map(({ text }) => `${text};`);
}

/** Fills in the names of primary keys: drizzle-kit 0.31 leaves a gap for a name that only the server knows. */
export async function withPrimaryKeyNames(
  session: Session,
  schema: string,
  chunks: readonly string[],
): Promise<string[]> {
  const named: string[] = [];
  for (const chunk of chunks) named.push(await withPrimaryKeyName(session, schema, chunk));
  return named;
}

async function withPrimaryKeyName(
  session: Session,
  schema: string,
  chunk: string,
): Promise<string> {
  const [, table] =
    /ALTER TABLE (?:"[^"]+"\.)?"([^"]+)" DROP CONSTRAINT "?<constraint_name>/.exec(chunk) ?? [];
  if (table === undefined) return chunk;
  const key = await primaryKeyOf(session, schema, table);
  if (key === undefined) return chunk;
  return `ALTER TABLE ${quoteIdentifier(table)} DROP CONSTRAINT ${quoteIdentifier(key)};`;
}

import type { Statement } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import type { Bench } from "./bench.ts";
import { setSearchPath } from "./read-draft-statements.ts";

/** The first statement that failed. */
interface FailedStatement {
  readonly error: Error;
  /** Its line in its file. */
  readonly line: number;
}

/**
 * Runs statements one after the other in a scratch schema, in the caller's transaction.
 *
 * @returns undefined if all of them ran
 */
export async function runStatements(
  { session, sharedSchemas }: Bench,
  schema: string,
  statements: readonly Statement[],
): Promise<FailedStatement | undefined> {
  await session.query(setSearchPath([schema, ...sharedSchemas]));
  for (const { sql, line } of statements) {
    const text = fill(sql, quoteIdentifier(schema));
    const error = await session.query(text).then(() => undefined, asError);
    if (error !== undefined) return { error, line };
  }
  return undefined;
}

/** True if all statements can run in one transaction. */
export function isOneTransaction(statements: readonly Statement[]): boolean {
  return statements.every(
    ({ startsSegment, transactional }, index) => transactional && (index === 0 || !startsSegment),
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

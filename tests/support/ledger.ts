import { createHash } from "node:crypto";
import pg from "pg";
import type { TestDatabase } from "./database.ts";

/**
 * Changes a ledger to its state after a runner was killed while a statement ran alone.
 *
 * @param text the migration's text up to and including that statement
 */
export async function markBegun(
  database: TestDatabase,
  schema: string,
  tag: string,
  text: string,
): Promise<void> {
  const statements = statementsOf(text);
  await database.query(
    `INSERT INTO ${pg.escapeIdentifier(schema)}.__fleet_ledger VALUES ($1, '', $2 + 1, $2, $3, true, now(), 0, 'test')
     ON CONFLICT (tag) DO UPDATE SET begun = true, applied = $2, applied_checksum = $3`,
    [tag, statements.length - 1, checksumOf(statements)],
  );
}

/** The first statements of a text, split as a rollout would split it. */
export function statementsOf(text: string, count?: number): string[] {
  const statements = text.replaceAll("--> statement-breakpoint", "").split(";");
  return statements
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "")
    .slice(0, count);
}

/** The checksum that a ledger contains for these statements. */
export function checksumOf(statements: readonly string[]): string {
  const hash = createHash("sha256");
  for (const statement of statements) hash.update(statement).update("\0");
  return hash.digest("hex");
}

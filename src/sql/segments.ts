import type { Segment, Statement } from "../core/migration.ts";

/**
 * Groups the statements that are committed together.
 *
 * @param statements all statements of a migration
 * @param resumeAt how many of them were already applied
 */
export function segmentsOf(statements: readonly Statement[], resumeAt = 0): Segment[] {
  const segments: { transactional: boolean; start: number; statements: Statement[] }[] = [];
  for (const [index, statement] of statements.entries()) {
    if (index < resumeAt) continue;
    const current = segments.at(-1);
    if (current === undefined || statement.startsSegment) {
      segments.push({
        transactional: statement.transactional,
        start: index,
        statements: [statement],
      });
    } else {
      current.statements.push(statement);
    }
  }
  return segments;
}

import type { BatchPosition } from "../core/batch.ts";

/** The length of a sha256 in hex. */
const checksumLength = 64;

/**
 * The column `applied_checksum` while a statement runs in batches: the checksum, a space, and the position as JSON. It is
 * in this column so that ledgers of earlier releases need no other one; those releases refuse to continue the migration,
 * because they take it for edited. The digest of the ledger includes the position.
 */
export function checksumWithPosition(checksum: string, position: BatchPosition): string {
  return `${checksum}${positionText(position)}`;
}

/** What follows the checksum. */
export function positionText({ by, after, batches, rows }: BatchPosition): string {
  return ` ${JSON.stringify({ by, after, batches, rows })}`;
}

/** Separates a checksum from the position after it, if there is one that is valid. */
export function readPosition(text: string): {
  readonly appliedChecksum: string;
  readonly batch?: BatchPosition;
} {
  const batch = parsePosition(text.slice(checksumLength));
  if (batch === undefined) return { appliedChecksum: text };
  return { appliedChecksum: text.slice(0, checksumLength), batch };
}

/** @returns undefined for a text that is not exactly what `positionText` writes */
function parsePosition(text: string): BatchPosition | undefined {
  if (!text.startsWith(" {")) return undefined;
  try {
    const position: BatchPosition = JSON.parse(text);
    const { by, after, batches, rows } = position;
    const areTexts = [by, after].every(
      (list) => Array.isArray(list) && list.every((one) => typeof one === "string"),
    );
    const areNumbers = Number.isInteger(batches) && Number.isInteger(rows);
    const isValid = areTexts && areNumbers && by.length === after.length;
    return isValid && positionText(position) === text ? position : undefined;
  } catch {
    return undefined;
  }
}

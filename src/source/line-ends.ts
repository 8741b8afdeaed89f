import type { Migration } from "../core/migration.ts";
import { checksumOf } from "./checksums.ts";

/** The line endings that git converts between. */
const lineEnds = ["\n", "\r\n"];

/** A text with each line ending that git may give it. The most common one, LF, comes first. */
export function withLineEnds(text: string): string[] {
  return lineEnds.map((end) => text.replace(/\r?\n/g, end));
}

/** Comments, dollar-quoted bodies, and quoted text, which may contain an intentional CR. */
const tokens =
  /--[^\n]*\n?|\/\*[\s\S]*?\*\/|(\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$)[\s\S]*?\1|(?<quoted>\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'[^']*'|"[^"]*")/gu;

/**
 * Converts line endings to LF, so that every checkout runs the same text and computes the same checksum. If all lines
 * end in LF except inside quotes, the CR is part of a value and stays.
 */
export function withoutCarriageReturns(text: string): string {
  if (!text.includes("\r\n") || hasIntentionalReturns(text)) return text;
  return text.replaceAll("\r\n", "\n");
}

function hasIntentionalReturns(text: string): boolean {
  const unquoted = text.replace(tokens, (token, ...rest) =>
    (rest.at(-1) as { quoted?: string }).quoted === undefined ? token : "",
  );
  return unquoted.includes("\n") && !unquoted.includes("\r\n");
}

const checksums = new WeakMap<Migration, readonly string[]>();

/**
 * Tells whether a checksum is that of a migration's text, with any line endings. It also accepts a checksum of the
 * file's bytes, as in ledgers of earlier versions and of drizzle-orm.
 */
export function isChecksumOfMigration(migration: Migration, checksum: string): boolean {
  if (migration.checksum === checksum || migration.fileChecksum === checksum) return true;
  const known = checksums.get(migration) ?? withLineEnds(migration.text).map(checksumOf);
  checksums.set(migration, known);
  return known.includes(checksum);
}

/** Tells whether a checksum is that of a text, with any line endings. */
export function isChecksumOfText(text: string, checksum: string): boolean {
  return [text, ...withLineEnds(text)].some((one) => checksumOf(one) === checksum);
}

import type { Migration } from "../core/migration.ts";
import { checksumOf } from "./checksums.ts";

/** Those that git converts between. */
const lineEnds = ["\n", "\r\n"];

/** A text with each of the line ends that git may give it; first as it stands in most repositories. */
export function withLineEnds(text: string): string[] {
  return lineEnds.map((end) => text.replace(/\r?\n/g, end));
}

/** Comments, dollar-quoted bodies, and what stands between quotes, which may hold a CR on purpose. */
const tokens =
  /--[^\n]*\n?|\/\*[\s\S]*?\*\/|(\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$)[\s\S]*?\1|(?<quoted>\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'[^']*'|"[^"]*")/gu;

/**
 * A file's text with LF alone, however git or an editor ended its lines: every checkout runs the same text and gives the
 * same checksum. Only where all lines end in LF except some between quotes, the CR is a part of that value, and stays.
 */
export function withoutCarriageReturns(text: string): string {
  if (!text.includes("\r\n") || holdsMeantReturns(text)) return text;
  return text.replaceAll("\r\n", "\n");
}

function holdsMeantReturns(text: string): boolean {
  const unquoted = text.replace(tokens, (token, ...rest) =>
    (rest.at(-1) as { quoted?: string }).quoted === undefined ? token : "",
  );
  return unquoted.includes("\n") && !unquoted.includes("\r\n");
}

const checksums = new WeakMap<Migration, readonly string[]>();

/**
 * True when a checksum is that of a migration's text, with whichever line ends: also one that was taken of the bytes of a
 * file, as ledgers of earlier versions and of drizzle-orm hold it.
 */
export function isChecksumOfMigration(migration: Migration, checksum: string): boolean {
  if (migration.checksum === checksum || migration.fileChecksum === checksum) return true;
  const known = checksums.get(migration) ?? withLineEnds(migration.text).map(checksumOf);
  checksums.set(migration, known);
  return known.includes(checksum);
}

/** True when a checksum is that of a text, with whichever line ends. */
export function isChecksumOfText(text: string, checksum: string): boolean {
  return [text, ...withLineEnds(text)].some((one) => checksumOf(one) === checksum);
}

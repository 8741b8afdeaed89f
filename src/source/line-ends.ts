import type { Migration } from "../core/migration.ts";
import { checksumOf } from "./checksums.ts";

/** Those that git converts between. */
const lineEnds = ["\n", "\r\n"];

/** A text with each of the line ends that git may give it. */
export function withLineEnds(text: string): string[] {
  return lineEnds.map((end) => text.replace(/\r?\n/g, end));
}

const checksums = new WeakMap<Migration, readonly string[]>();

/** True when a checksum is that of a migration's text, with whichever line ends. */
export function isOfText(migration: Migration, checksum: string): boolean {
  if (migration.checksum === checksum) return true;
  const known = checksums.get(migration) ?? withLineEnds(migration.text).map(checksumOf);
  checksums.set(migration, known);
  return known.includes(checksum);
}

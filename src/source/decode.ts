import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { FleetError } from "../core/errors.ts";

/**
 * Decodes a file's bytes as UTF-8. Invalid bytes are refused, not replaced by U+FFFD: the text that runs must be the
 * text whose checksum is recorded.
 *
 * @param shown the file's path, for error messages
 * @throws FleetError `syntax` with line, column and byte, if the bytes are not valid UTF-8
 */
export function decode(bytes: Buffer, shown: string): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const wide = wideEncodingOf(bytes);
  if (wide !== undefined)
    throw new FleetError("syntax", `the file is encoded in ${wide}, not in UTF-8`, {
      where: shown,
      remedy,
    });
  const at = firstBad(bytes);
  const before = bytes.toString("utf8", 0, at);
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  const code = (bytes[at] ?? 0).toString(16).padStart(2, "0");
  throw new FleetError("syntax", `byte ${at} of the file (0x${code}) is not valid UTF-8`, {
    where: `${shown}:${line}:${column}`,
    remedy: `It may be Latin-1. ${remedy}`,
  });
}

/**
 * Reads and decodes a file, see `decode`.
 *
 * @throws also what `readFile` throws
 */
export async function readText(path: string, shown: string): Promise<string> {
  return decode(await readFile(path), shown);
}

const remedy =
  "Nothing was applied. Save the file as UTF-8. If an earlier run applied the migration, then run: npx drizzle-fleet repair";

/** Recognizes encodings by their byte order mark. */
function wideEncodingOf(bytes: Buffer): string | undefined {
  const mark = bytes.toString("hex", 0, 2);
  return mark === "fffe" || mark === "feff" ? "UTF-16" : undefined;
}

/** The position of the first byte that does not begin a valid character. */
function firstBad(bytes: Buffer): number {
  let at = 0;
  // A line feed is never part of another character.
  for (let end = bytes.indexOf(10); end >= 0 && isUtf8(bytes.subarray(at, end + 1)); ) {
    at = end + 1;
    end = bytes.indexOf(10, at);
  }
  for (;;) {
    const next = at + lengthOf(bytes[at] ?? 0);
    if (!isUtf8(bytes.subarray(at, next))) return at;
    at = next;
  }
}

/** The length of a character in bytes, by its first byte. */
function lengthOf(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

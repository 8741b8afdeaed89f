import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { FleetError } from "../core/errors.ts";

/**
 * The text that a file's bytes are, in UTF-8. Another byte would become U+FFFD, and the text that is run would not be
 * the one whose checksum is recorded.
 *
 * @param shown the file's path as shown to people
 * @throws FleetError `syntax` with line, column and byte for bytes that are no UTF-8
 */
export function decode(bytes: Buffer, shown: string): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const wide = wideEncodingOf(bytes);
  if (wide !== undefined)
    throw new FleetError("syntax", `the file is in ${wide}, and must be in UTF-8`, {
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
    remedy: `It may be in Latin-1. ${remedy}`,
  });
}

/** As `decode`, for a file. @throws what `readFile` throws, too */
export async function readText(path: string, shown: string): Promise<string> {
  return decode(await readFile(path), shown);
}

const remedy =
  "Save it as UTF-8 with your editor, and if it is applied already: drizzle-fleet repair. Nothing was applied.";

/** What editors write with a byte order mark of their own. */
function wideEncodingOf(bytes: Buffer): string | undefined {
  const mark = bytes.toString("hex", 0, 2);
  return mark === "fffe" || mark === "feff" ? "UTF-16" : undefined;
}

/** Where the first byte stands that begins no character. */
function firstBad(bytes: Buffer): number {
  let at = 0;
  // A line end is never a part of another character.
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

/** How many bytes a character has by its first one. */
function lengthOf(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

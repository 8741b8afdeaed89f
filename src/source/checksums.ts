import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { type Records, readRecordFile } from "./records.ts";

/** What each file of a migrations folder held when it was generated: sha256 hex by the file's path in the folder. */
export type Checksums = Records<string>;

const schema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "is not a sha256 in hex"));

/** The file with the checksums of a migrations folder. */
export function checksumsPath(folder: string): string {
  return join(folder, "checksums.json");
}

function _parsed(text: string): Checksums {
  return schema.parse(JSON.parse(text));
}

/**
 * Reads the recorded checksums of a migrations folder; none when nothing was recorded yet.
 *
 * @throws FleetError `journal` when the file is malformed
 */
export async function readChecksums(folder: string): Promise<Checksums> {
  return readRecordFile(checksumsPath(folder), schema.parse, {
    malformed: "Restore the file from version control; drizzle-fleet generate writes it.",
  });
}

/** sha256 hex of a file's bytes, or of those of a text. */
export function checksumOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

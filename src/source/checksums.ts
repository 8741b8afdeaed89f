import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { type Records, readRecordFile } from "./records.ts";

/** The checksum of each generated file in a migrations folder: sha256 in hex, by the file's path in the folder. */
export type Checksums = Records<string>;

const schema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "is not a sha256 in hex"));

/** The path of a migrations folder's file of checksums. */
export function checksumsPath(folder: string): string {
  return join(folder, "checksums.json");
}

/**
 * Reads the recorded checksums of a migrations folder.
 *
 * @returns an empty record if nothing was recorded yet
 * @throws FleetError `journal` if the file is malformed
 */
export async function readChecksums(folder: string): Promise<Checksums> {
  return readRecordFile(checksumsPath(folder), schema.parse, {
    malformed: "npx drizzle-fleet generate writes this file. Restore it from version control.",
  });
}

/** The sha256, in hex, of a file's bytes or of a text in UTF-8. */
export function checksumOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

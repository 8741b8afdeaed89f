import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { FleetError } from "../core/errors.ts";
import { type Records, refuseTorn } from "./records.ts";

/** What each file of a migrations folder held when it was generated: sha256 hex by the file's path in the folder. */
export type Checksums = Records<string>;

const schema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "is not a sha256 in hex"));

/** The file with the checksums of a migrations folder. */
export function checksumsPath(folder: string): string {
  return join(folder, "checksums.json");
}

function parsed(text: string): Checksums {
  return schema.parse(JSON.parse(text));
}

/**
 * Reads the recorded checksums of a migrations folder; none when nothing was recorded yet.
 *
 * @throws FleetError `journal` when the file is malformed
 */
export async function readChecksums(folder: string): Promise<Checksums> {
  const path = checksumsPath(folder);
  const where = relative(process.cwd(), path);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw new FleetError("journal", `${where} cannot be read: ${error.message}`, {
      where,
      cause: error,
    });
  });
  refuseTorn(text, where);
  try {
    return parsed(text);
  } catch (cause) {
    throw new FleetError("journal", `${where} is malformed`, {
      where,
      remedy: "Restore the file from version control; drizzle-fleet generate writes it.",
      cause,
    });
  }
}

/** sha256 hex of a file's bytes, or of those of a text. */
export function checksumOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { FleetError } from "../core/errors.ts";
import { type Side, splitConflicts } from "./conflicts.ts";

/** What each file of a migrations folder held when it was generated: sha256 hex by the file's path in the folder. */
export type Checksums = Readonly<Record<string, string>>;

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
  try {
    return parsed(text);
  } catch (cause) {
    const conflict = /^(<{7}|={7}|>{7})/m.test(text);
    const reason = conflict ? "holds git's conflict markers" : "is malformed";
    throw new FleetError("journal", `${where} ${reason}`, {
      where,
      remedy: conflict
        ? "Run: drizzle-fleet merge"
        : "Restore the file from version control; drizzle-fleet generate writes it.",
      cause,
    });
  }
}

/**
 * The recorded checksums of both branches where git left conflict markers; undefined where it left none.
 *
 * @throws FleetError `journal` when the file is malformed
 */
export async function readBothChecksums(
  folder: string,
): Promise<Readonly<Record<Side, Checksums>> | undefined> {
  const text = await readFile(checksumsPath(folder), "utf8").catch(() => "{}");
  const versions = splitConflicts(text);
  return versions && { ours: parsed(versions.ours), theirs: parsed(versions.theirs) };
}

/** sha256 hex of a text's bytes. */
export function checksumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The file's text: one line for each file, in order, so that git merges it line by line. */
export function checksumsText(checksums: Checksums): string {
  const sorted = Object.entries(checksums).sort(([left], [right]) => (left < right ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}

import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { FleetError } from "../core/errors.ts";
import { refuseTorn } from "./records.ts";

/** Why a fault was accepted, and when. */
interface Acceptance {
  readonly reason: string;
  /** The day in UTC, as `2026-11-30`. */
  readonly date: string;
}

/** What was accepted in a migrations folder, by the fault's key. */
export type Acceptances = Readonly<Record<string, Acceptance>>;

const schema = z.record(
  z.string(),
  z.strictObject({ reason: z.string().min(1), date: z.iso.date() }),
);

/** The file with what was accepted in a migrations folder; it belongs under version control. */
export function acceptedPath(folder: string): string {
  return join(folder, "accepted.json");
}

/**
 * Reads what was accepted in a migrations folder; nothing where there is no such file.
 *
 * @throws FleetError `journal` when the file is malformed
 */
export async function readAccepted(folder: string): Promise<Acceptances> {
  const path = acceptedPath(folder);
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
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FleetError("journal", `${where} is malformed`, {
      where,
      remedy: "Restore the file from version control; drizzle-fleet check --accept writes it.",
      cause,
    });
  }
}

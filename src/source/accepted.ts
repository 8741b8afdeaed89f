import { join } from "node:path";
import { z } from "zod";
import { readRecordFile } from "./records.ts";

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
  return readRecordFile(acceptedPath(folder), schema.parse, {
    malformed: "Restore the file from version control; drizzle-fleet check --accept writes it.",
  });
}

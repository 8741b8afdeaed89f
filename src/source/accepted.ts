import { join } from "node:path";
import { z } from "zod";
import { readRecordFile } from "./records.ts";

/** The reason why a fault was accepted, and the date. */
interface Acceptance {
  readonly reason: string;
  /** The date in UTC: `2026-11-30`. */
  readonly date: string;
}

/** The accepted faults of a migrations folder, by the fault's key. */
export type Acceptances = Readonly<Record<string, Acceptance>>;

const schema = z.record(
  z.string(),
  z.strictObject({ reason: z.string().min(1), date: z.iso.date() }),
);

/** The path of the file that lists a folder's accepted faults. It belongs under version control. */
export function acceptedPath(folder: string): string {
  return join(folder, "accepted.json");
}

/**
 * Reads the accepted faults of a migrations folder.
 *
 * @returns an empty record if the folder has no such file
 * @throws FleetError `journal` if the file is malformed
 */
export async function readAccepted(folder: string): Promise<Acceptances> {
  return readRecordFile(acceptedPath(folder), schema.parse, {
    malformed:
      "npx drizzle-fleet check --accept writes this file. Restore it from version control.",
  });
}

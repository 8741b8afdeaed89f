import { join } from "node:path";
import { z } from "zod";
import { checksumOf } from "./checksums.ts";
import type { ReadFiles } from "./inspect-files.ts";
import { readRecordFile, recordsText } from "./records.ts";
import type { NewFile } from "./write-files.ts";

/** Which migrations were proved on a server, with the text that was proved: sha256 hex by their tag. */
export type Proofs = Readonly<Record<string, string>>;

const schema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "is not a sha256 in hex"));

/** The file with the proofs of a migrations folder. */
export function proofsPath(folder: string): string {
  return join(folder, "proofs.json");
}

/**
 * Reads the proofs of a migrations folder; none when nothing was proved yet.
 *
 * @throws FleetError `journal` when the file is malformed
 */
export async function readProofs(folder: string): Promise<Proofs> {
  const remedy = "Delete the file, and prove the migrations again: drizzle-fleet generate --prove";
  return readRecordFile(proofsPath(folder), schema.parse, {
    malformed: remedy,
    unreadable: remedy,
  });
}

/** What is proved of a migration: both of its texts, whatever line ends git gives them. */
export function proofOf(up: string, down: string): string {
  return checksumOf(`${up}\0${down}`.replaceAll("\r\n", "\n"));
}

/** The file with further proofs. */
export async function proofsFile(folder: string, own: Proofs): Promise<NewFile> {
  const proofs = { ...(await readProofs(folder)), ...own };
  return { path: proofsPath(folder), text: recordsText(proofs), replaces: true };
}

/**
 * The migrations that were never proved as they are now, since the first one that was: what is older comes from before
 * there were proofs.
 */
export function unprovedTags(proofs: Proofs, files: readonly ReadFiles[]): string[] {
  const first = files.findIndex(({ migration }) => Object.hasOwn(proofs, migration.tag));
  if (first < 0) return [];
  return files
    .slice(first)
    .filter(
      ({ migration, down }) => proofs[migration.tag] !== proofOf(migration.text, down?.text ?? ""),
    )
    .map(({ migration }) => migration.tag);
}

import { join } from "node:path";
import { z } from "zod";
import { checksumOf } from "./checksums.ts";
import type { ReadFiles } from "./inspect-files.ts";
import { readRecordFile, recordsText } from "./records.ts";
import type { NewFile } from "./write-files.ts";

/** The proved migrations of a folder: by tag, the sha256 in hex of the text that was proved. */
export type Proofs = Readonly<Record<string, string>>;

const schema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "is not a sha256 in hex"));

/** The path of a migrations folder's file of proofs. */
export function proofsPath(folder: string): string {
  return join(folder, "proofs.json");
}

/**
 * Reads the proofs of a migrations folder.
 *
 * @returns an empty record if nothing was proved yet
 * @throws FleetError `journal` if the file is malformed
 */
export async function readProofs(folder: string): Promise<Proofs> {
  const remedy =
    "Delete the file. To prove the migrations again, run: npx drizzle-fleet generate --prove";
  return readRecordFile(proofsPath(folder), schema.parse, {
    malformed: remedy,
    unreadable: remedy,
  });
}

/** The value to record for a proved migration: the sha256, in hex, of both of its texts, with any line endings. */
export function proofOf(up: string, down: string): string {
  return checksumOf(`${up}\0${down}`.replaceAll("\r\n", "\n"));
}

/** The file of proofs, with more proofs added. */
export async function proofsFile(folder: string, own: Proofs): Promise<NewFile> {
  const proofs = { ...(await readProofs(folder)), ...own };
  return { path: proofsPath(folder), text: recordsText(proofs), replaces: true };
}

/**
 * The tags of migrations that were changed after their proof, or never proved. Migrations before the first proved one
 * are not counted: they are older than the file of proofs.
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

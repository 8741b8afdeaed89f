import type { Finding } from "../core/finding.ts";
import { type Context, migrationsFolder, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { proveHistories } from "../proof/prove-services.ts";
import { readDown } from "../source/downs.ts";
import { proofOf, proofsFile, readProofs } from "../source/proofs.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { withFolderLock, writeFiles } from "../source/write-files.ts";

/** The result of proving one service's history. */
export interface Proved {
  readonly service: string;
  readonly findings: readonly Finding[];
  /** The migrations that were newly recorded as proved. */
  readonly recorded: readonly string[];
}

/**
 * Proves complete histories, as `check --database` does, and records the migrations of services without findings. For
 * migrations that were written or finished by hand.
 *
 * @param names services; empty for all
 * @param url a database to work in; undefined for the configured one, or the embedded server
 */
export async function proveAndRecord(
  context: Context,
  names: readonly string[],
  url: string | undefined,
): Promise<Proved[]> {
  const findings = await proveHistories(context, names, url);
  const proved: Proved[] = [];
  for (const [service] of selectServices(context.config.fleet, names)) {
    const own = findings.filter((finding) => finding.service === service);
    proved.push({
      service,
      findings: own,
      recorded: own.length > 0 ? [] : await recordProofs(context, service),
    });
  }
  return proved;
}

async function recordProofs(context: Context, service: string): Promise<string[]> {
  const path = migrationsFolder(context, service);
  const write = async () => {
    const before = await readProofs(path);
    const proofs: Record<string, string> = {};
    for (const migration of await readMigrations(service, path)) {
      const down = await readDown(migration);
      if (down !== undefined) proofs[migration.tag] = proofOf(migration.text, down.text);
    }
    await writeFiles([await proofsFile(path, proofs)]);
    return Object.keys(proofs).filter((tag) => before[tag] !== proofs[tag]);
  };
  return unlessInterrupted(context, () => withFolderLock(path, write));
}

import { randomUUID } from "node:crypto";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FleetError } from "../core/errors.ts";
import type { MigrationsFolder } from "../source/folder.ts";
import {
  endsOf,
  firstParent,
  readSnapshots,
  type StoredSnapshot,
} from "../source/stored-snapshot.ts";
import { emptyState, type FolderCli, type FolderTools } from "./folder-api.ts";
import type { Snapshot } from "./kit-types.ts";
import { runKit } from "./run-kit.ts";

/** The schema after a migration of a folder, see `Kit.at`. */
export async function stateAfter(
  tools: FolderTools,
  folder: MigrationsFolder | undefined,
  index: number,
): Promise<Snapshot> {
  const stored = await storedSnapshots(tools, folder);
  // A hand-written migration can lack a snapshot: for drizzle-kit, it does not change the schema.
  const own = stored.slice(0, index + 1).findLast((one) => one !== undefined);
  if (own === undefined) return emptyState;
  const present = stored.filter((one) => one !== undefined);
  const ends = index === stored.length - 1 ? endsOf(present).reverse() : [own.id];
  return readingSnapshots(folder, () => stateOf(tools, present, ends));
}

/** The schema before a migration of a folder, see `Kit.before`. */
export async function stateBefore(
  tools: FolderTools,
  folder: MigrationsFolder,
  index: number,
): Promise<Snapshot> {
  const stored = await storedSnapshots(tools, folder);
  const own = stored[index];
  if (own === undefined) return stateAfter(tools, folder, index);
  const present = stored.filter((one) => one !== undefined);
  return readingSnapshots(folder, () => stateOf(tools, present, own.parents));
}

/** The schema that snapshots lead to together: for several, the result of a migration that joins them. */
export async function stateOf(
  { api }: FolderTools,
  stored: readonly StoredSnapshot[],
  ends: readonly string[],
): Promise<Snapshot> {
  const [first = firstParent, ...others] = ends;
  if (first === firstParent) return emptyState;
  if (others.length === 0) return api.reconstruct(inOrder(stored), first);
  const joining = joiningSnapshot(ends);
  return api.reconstruct(
    inOrder([...stored, { id: joining.id, parents: ends, content: joining }]),
    joining.id,
  );
}

/** The snapshots of a folder in the format that drizzle-kit 1.0 reads; its betas wrote an older one. */
export async function storedSnapshots(
  tools: FolderTools,
  folder: MigrationsFolder | undefined,
): Promise<(StoredSnapshot | undefined)[]> {
  const stored = folder === undefined ? [] : await readSnapshots(folder);
  if (!stored.some((one) => one !== undefined && isOld(one.content))) return stored;
  return inCopy(await tools.loadCli(), folder, (out) =>
    Promise.all(
      stored.map(async (one, index) => {
        const tag = folder?.migrations[index]?.tag ?? "";
        if (one === undefined) return undefined;
        const text = await readFile(join(out, tag, "snapshot.json"), "utf8");
        return { ...one, content: { ...JSON.parse(text), id: one.id } };
      }),
    ),
  );
}

/** Snapshots under names that sort in the order of their migrations, as drizzle-kit requires. */
export function inOrder(stored: readonly StoredSnapshot[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    stored.map(({ content }, index) => [String(index).padStart(8, "0"), content]),
  );
}

/** The snapshot of a migration that joins branches and changes nothing. */
export function joiningSnapshot(ends: readonly string[]) {
  const head = { id: randomUUID(), prevIds: ends, version: "9", dialect: "postgres" };
  return { ...head, type: "diff", footprints: [], deltas: [] };
}

function isOld({ version }: Readonly<Record<string, unknown>>): boolean {
  return Number(version) < 9;
}

/** Runs `use` on a temporary copy of a folder's snapshots. Old ones are converted to drizzle-kit's newest format first. */
export async function inCopy<Result>(
  cli: FolderCli,
  folder: MigrationsFolder | undefined,
  use: (out: string, temporary: string) => Promise<Result>,
): Promise<Result> {
  const temporary = await mkdtemp(join(tmpdir(), "drizzle-fleet-"));
  try {
    const out = join(temporary, "out");
    const stored = folder === undefined ? [] : await readSnapshots(folder);
    for (const [index, { tag, snapshot }] of (folder?.migrations ?? []).entries())
      if (stored[index] !== undefined) await cp(snapshot, join(out, tag, "snapshot.json"));
    if (stored.some((one) => one !== undefined && isOld(one.content)))
      await readingSnapshots(folder, () => convert(cli, out));
    return await use(out, temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function convert(cli: FolderCli, out: string): Promise<void> {
  const { status, error } = await runKit(() => cli.up({ dialect: "postgresql", out }));
  if (status === "error") throw new Error(errorText(error));
}

function errorText(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : JSON.stringify(error);
}

/**
 * Runs drizzle-kit's own code over snapshots.
 *
 * @throws FleetError `journal` with drizzle-kit's message if it fails
 */
export async function readingSnapshots<Result>(
  folder: MigrationsFolder | undefined,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FleetError("journal", `drizzle-kit cannot read the snapshots: ${reason}`, {
      ...(folder === undefined ? {} : { where: folder.path }),
      remedy:
        "If a snapshot is missing, restore it from version control. To find what is wrong, run: npx drizzle-fleet check",
      cause,
    });
  }
}

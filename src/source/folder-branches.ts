import { existsSync } from "node:fs";
import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type Branches, type BranchMigration, readSides } from "./branches.ts";
import type { MigrationsFolder } from "./folder.ts";
import { endsOf, linesOf } from "./stored-snapshot.ts";

/**
 * Finds two branches in a folder of drizzle-kit 1.0's layout, by the migrations that no other migration follows. The
 * branch whose first migration is older comes first.
 *
 * @returns undefined if the history has no open branches
 * @throws FleetError `journal` if a snapshot is malformed, or the branches have no migration in common
 */
export async function readFolderBranches(folder: MigrationsFolder): Promise<Branches | undefined> {
  const all = await readAll(folder);
  const [first, second] = linesOf(all.map(({ snapshot }) => snapshot));
  if (first === undefined || second === undefined) return undefined;
  const base = all.filter(({ snapshot: { id } }) => first.has(id) && second.has(id));
  const [ours = [], theirs = []] = [first, second]
    .map((line) => all.filter((one) => line.has(one.snapshot.id) && !base.includes(one)))
    .sort((left, right) => (startOf(left) <= startOf(right) ? -1 : 1));
  if (base.length > 0) return { base, ours, theirs };
  throw new FleetError("journal", "the two branches have no migration in common", {
    where: relative(process.cwd(), folder.path),
    remedy:
      "The branches have separate histories. Keep one of them, and generate the other's changes again after it.",
  });
}

/** The tags of the migrations that no other migration follows: two or more if branches are open. */
export async function openEnds(folder: MigrationsFolder): Promise<string[]> {
  const all = await readAll(folder);
  const ends = new Set(endsOf(all.map(({ snapshot }) => snapshot)));
  return all.flatMap(({ snapshot, files }) => (ends.has(snapshot.id) ? files.tag : []));
}

/** A migration written by hand may have no snapshot. It then belongs to no branch and keeps its place. */
async function readAll({ migrations }: MigrationsFolder): Promise<BranchMigration[]> {
  const present = migrations.filter(({ snapshot }) => existsSync(snapshot));
  return (await Promise.all(present.map(readSides))).flat();
}

function startOf([first]: readonly BranchMigration[]): string {
  return first?.files.tag ?? "";
}

import { readBranches } from "./branches.ts";
import { readFolder } from "./folder.ts";
import { openEnds } from "./folder-branches.ts";
import { readJournal } from "./journal.ts";

/**
 * The newest migrations of a migrations folder if it has open branches; otherwise an empty array. A journal that uses
 * each number once has one branch: then no snapshot is read.
 *
 * @param path absolute path
 * @throws FleetError `journal` for a journal with conflict markers, or with the entries of two branches
 */
export async function openHeads(path: string): Promise<string[]> {
  const numbers = (await readJournal(path))?.entries.map(({ idx }) => idx);
  const isOneBranch = numbers !== undefined && new Set(numbers).size === numbers.length;
  return isOneBranch ? [] : headsOf(path);
}

/**
 * The newest migrations of a migrations folder: two or more if it has open branches.
 *
 * @param path absolute path
 */
export async function headsOf(path: string): Promise<string[]> {
  const branches = await readBranches(path);
  if (branches !== undefined)
    return [branches.ours, branches.theirs].flatMap((branch) => branch.at(-1)?.files.tag ?? []);
  const folder = await readFolder(path);
  const open = folder?.layout === "folders" ? await openEnds(folder) : [];
  return open.length > 1 ? open : (folder?.migrations.slice(-1).map(({ tag }) => tag) ?? []);
}

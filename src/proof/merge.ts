import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { undecided } from "../autogenerate/decisions.ts";
import type { Kit } from "../autogenerate/kit-types.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Context } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { proveHistory } from "../proof/history.ts";
import { readDown } from "../source/downs.ts";
import { readFolder } from "../source/folder.ts";
import { proofOf } from "../source/proofs.ts";
import { readMigrations } from "../source/read-migrations.ts";
import type { NewFile } from "../source/write-files.ts";
import { loadParser } from "../sql/parser.ts";
import { benchOf, onServer, type ProofOptions } from "./scratch.ts";

/** A merge of two branches that is not written yet. */
export interface MergeToProve {
  readonly service: string;
  /** Absolute path of the migrations folder. */
  readonly path: string;
  readonly kit: Kit;
  /** The files that the merge will write. */
  readonly write: readonly NewFile[];
  /** The files that the merge will delete. */
  readonly stale: readonly string[];
  /** The tags of the branch that comes first in the merged history. */
  readonly kept: readonly string[];
  /** The tags of the branch that comes second. */
  readonly moved: readonly string[];
  /** True if some tenants apply the moved branch first. */
  readonly bothOrders: boolean;
}

/** The result of proving a merged history on a server. */
export interface MergeProof {
  /** The proofs of the downs of both branches, by tag; undefined for a proof that is no longer valid. */
  readonly proofs: Readonly<Record<string, string | undefined>>;
  /** The problems in the downs of either branch. */
  readonly problems: readonly FleetError[];
  /** Why nothing was proved; undefined if it was. */
  readonly unproved: string | undefined;
}

/**
 * Proves a merged history on a server before it is written. It finds conflicts in SQL that was written by hand, which
 * snapshots do not contain.
 *
 * @throws FleetError `merge` if a migration of one branch cannot be applied after the other branch
 */
export async function proveMerge(
  context: Context,
  merge: MergeToProve,
  options: ProofOptions,
): Promise<MergeProof> {
  const temporary = await mkdtemp(join(tmpdir(), "drizzle-fleet-"));
  try {
    const copy = join(temporary, "out");
    await copyMerged(merge, copy);
    return await proveCopy(context, merge, copy, options);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Copies the migrations folder and carries out the merge in the copy. */
async function copyMerged({ path, write, stale }: MergeToProve, copy: string): Promise<void> {
  const copyOf = (file: string) => join(copy, relative(path, file));
  await cp(path, copy, { recursive: true });
  for (const { path: file, text } of write) {
    await mkdir(dirname(copyOf(file)), { recursive: true });
    await writeFile(copyOf(file), text);
  }
  for (const file of stale) await rm(copyOf(file), { recursive: true, force: true });
}

async function proveCopy(
  context: Context,
  merge: MergeToProve,
  copy: string,
  options: ProofOptions,
): Promise<MergeProof> {
  const { service, path, kept, moved } = merge;
  await loadParser();
  const migrations = await readMigrations(service, copy);
  const found = await problemsInCopy(context, merge, { copy, migrations }, options);
  if (typeof found === "string") return notProved(found);
  const tags = new Set([...kept, ...moved]);
  const branches = migrations.filter(({ tag }) => tags.has(tag));
  const failed = found.find((problem) => branches.some(({ file }) => isIn(problem, file)));
  if (failed !== undefined) throw conflictError(merge, inFolder(failed, copy, path));
  // A proof ends at the first migration that fails, so those of the branches were not reached.
  const earlier = migrations.find(({ file }) => found.some((problem) => isIn(problem, file)));
  if (earlier !== undefined) return notProved(`${earlier.tag} cannot be applied`);
  const problems = found.filter((one) => branches.some(({ downFile }) => isIn(one, downFile)));
  return {
    proofs: await proofsOf(branches, problems),
    problems: problems.map((problem) => inFolder(problem, copy, path)),
    unproved: undefined,
  };
}

function notProved(reason: string): MergeProof {
  return { proofs: {}, problems: [], unproved: reason };
}

/**
 * Proves the merged history, in both orders of the branches if some tenants need that.
 *
 * @returns the problems found; a string is the reason why nothing was proved
 */
async function problemsInCopy(
  context: Context,
  merge: MergeToProve,
  { copy, migrations }: { readonly copy: string; readonly migrations: readonly Migration[] },
  options: ProofOptions,
): Promise<readonly FleetError[] | string> {
  const { service, kit, bothOrders } = merge;
  const folder = await readFolder(copy);
  const newest = folder?.migrations.length ?? 0;
  const described = async () =>
    kit.diff(await kit.at(undefined, -1), await kit.at(folder, newest - 1), undecided);
  const snapshotFile = relative(process.cwd(), folder?.migrations.at(-1)?.snapshot ?? copy);
  const [[, config] = []] = selectServices(context.config.fleet, [service]);
  const orders = bothOrders ? [migrations, otherOrder(migrations, merge)] : [migrations];
  return onServer(context, config !== undefined, options, async (session) => {
    if (config === undefined) return [];
    const bench = benchOf(context, session, service, config);
    const problems: FleetError[] = [];
    for (const order of orders) {
      const proved = await proveHistory(bench, { migrations: order, described, snapshotFile });
      problems.push(...proved.problems);
    }
    return problems;
  });
}

/** The proofs of the downs, by tag; undefined for a migration without a down, or whose down has a problem. */
async function proofsOf(
  migrations: readonly Migration[],
  problems: readonly FleetError[],
): Promise<Record<string, string | undefined>> {
  const proofs: Record<string, string | undefined> = {};
  for (const migration of migrations) {
    const down = await readDown(migration);
    const isProved = down !== undefined && !problems.some((one) => isIn(one, migration.downFile));
    proofs[migration.tag] = isProved ? proofOf(migration.text, down.text) : undefined;
  }
  return proofs;
}

/** True if the problem is in this file. */
function isIn({ where = "" }: FleetError, file: string): boolean {
  return where === file || where.startsWith(`${file}:`);
}

/** The merged history with the moved branch before the kept one. */
function otherOrder(migrations: readonly Migration[], { kept, moved }: MergeToProve): Migration[] {
  const isOf = (tags: readonly string[]) => (one: Migration) => tags.includes(one.tag);
  const first = migrations.findIndex(isOf([...kept, ...moved]));
  const rest = migrations.filter((one) => !isOf([...kept, ...moved])(one));
  return [
    ...rest.slice(0, first),
    ...migrations.filter(isOf(moved)),
    ...migrations.filter(isOf(kept)),
    ...rest.slice(first),
  ];
}

/** The problem with the paths of the copy replaced by those of the migrations folder. */
function inFolder(problem: FleetError, copy: string, path: string): FleetError {
  const [from, to] = [relative(process.cwd(), copy), relative(process.cwd(), path)];
  const { code, message, where, excerpt, remedy } = problem;
  return new FleetError(code, message.replaceAll(from, to), {
    ...(where === undefined ? {} : { where: where.replaceAll(from, to) }),
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(remedy === undefined ? {} : { remedy }),
    cause: problem,
  });
}

function conflictError({ service, kept, moved }: MergeToProve, problem: FleetError): FleetError {
  return new FleetError(
    "merge",
    `the branches conflict: ${problem.message}\n  ${kept.join(", ")}\n  ${moved.join(", ")}`,
    {
      ...(problem.where === undefined ? {} : { where: problem.where }),
      ...(problem.excerpt === undefined ? {} : { excerpt: problem.excerpt }),
      remedy: `Nothing was written. Remove one branch's migrations (${moved.join(", ")}), resolve the conflict in the Drizzle schema, and generate them again. Or, to merge anyway, run: npx drizzle-fleet merge ${service} --no-proof`,
      cause: problem,
    },
  );
}

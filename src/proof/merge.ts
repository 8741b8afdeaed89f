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

/** A merge that is not written yet. */
export interface MergeToProve {
  readonly service: string;
  /** Absolute path of the migrations folder. */
  readonly path: string;
  readonly kit: Kit;
  readonly write: readonly NewFile[];
  readonly stale: readonly string[];
  /** The tags of both branches, in the order in which they will stand. */
  readonly kept: readonly string[];
  readonly moved: readonly string[];
  /** True when some tenants run the moved branch first. */
  readonly bothOrders: boolean;
}

/** What a server says to a merged history. */
export interface MergeProof {
  /** What was proved, by tag; undefined for what does not hold any more. */
  readonly proofs: Readonly<Record<string, string | undefined>>;
  /** What does not hold of the downs of either branch. */
  readonly problems: readonly FleetError[];
  /** Why nothing was tried; undefined when it was. */
  readonly unproved: string | undefined;
}

/**
 * Runs a merged history on a server before it is written. Snapshots do not know SQL that was written by hand.
 *
 * @throws FleetError `merge` when a migration of one branch does not run after the other branch's
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

async function copyMerged({ path, write, stale }: MergeToProve, copy: string): Promise<void> {
  const placeOf = (file: string) => join(copy, relative(path, file));
  await cp(path, copy, { recursive: true });
  for (const { path: file, text } of write) {
    await mkdir(dirname(placeOf(file)), { recursive: true });
    await writeFile(placeOf(file), text);
  }
  for (const file of stale) await rm(placeOf(file), { recursive: true, force: true });
}

async function proveCopy(
  context: Context,
  merge: MergeToProve,
  copy: string,
  options: ProofOptions,
): Promise<MergeProof> {
  const { service, kit, kept, moved, bothOrders } = merge;
  await loadParser();
  const [folder, migrations] = await Promise.all([readFolder(copy), readMigrations(service, copy)]);
  const newest = folder?.migrations.length ?? 0;
  const described = async () =>
    kit.diff(await kit.at(undefined, -1), await kit.at(folder, newest - 1), undecided);
  const snapshotFile = relative(process.cwd(), folder?.migrations.at(-1)?.snapshot ?? copy);
  const [[, config] = []] = selectServices(context.config.fleet, [service]);
  const orders = bothOrders ? [migrations, otherOrder(migrations, merge)] : [migrations];
  const found = await onServer(context, config !== undefined, options, async (session) => {
    if (config === undefined) return [];
    const bench = benchOf(context, session, service, config);
    const problems: FleetError[] = [];
    for (const order of orders)
      problems.push(
        ...(await proveHistory(bench, { migrations: order, described, snapshotFile })).problems,
      );
    return problems;
  });
  if (typeof found === "string") return { proofs: {}, problems: [], unproved: found };
  const own = new Set([...kept, ...moved]);
  const branch = migrations.filter(({ tag }) => own.has(tag));
  const isIn = ({ where = "" }: FleetError, file: string) =>
    where === file || where.startsWith(`${file}:`);
  const failed = found.find((problem) => branch.some(({ file }) => isIn(problem, file)));
  if (failed !== undefined) throw refused(merge, shown(failed, copy, merge.path));
  // The proof ends with the first migration that does not run: what comes after it was not reached.
  const earlier = migrations.find(({ file }) => found.some((problem) => isIn(problem, file)));
  if (earlier !== undefined)
    return { proofs: {}, problems: [], unproved: `${earlier.tag} does not apply here` };
  const problems = found.filter((one) => branch.some(({ downFile }) => isIn(one, downFile)));
  const proofs: Record<string, string | undefined> = {};
  for (const migration of branch) {
    const down = await readDown(migration);
    const holds = down !== undefined && !problems.some((one) => isIn(one, migration.downFile));
    proofs[migration.tag] = holds ? proofOf(migration.text, down.text) : undefined;
  }
  return {
    proofs,
    problems: problems.map((problem) => shown(problem, copy, merge.path)),
    unproved: undefined,
  };
}

function otherOrder(migrations: readonly Migration[], { kept, moved }: MergeToProve): Migration[] {
  const isOf = (tags: readonly string[]) => (one: Migration) => tags.includes(one.tag);
  const own = migrations.findIndex(isOf([...kept, ...moved]));
  const rest = migrations.filter((one) => !isOf([...kept, ...moved])(one));
  return [
    ...rest.slice(0, own),
    ...migrations.filter(isOf(moved)),
    ...migrations.filter(isOf(kept)),
    ...rest.slice(own),
  ];
}

/** A problem of the copy as one of the folder itself. */
function shown(problem: FleetError, copy: string, path: string): FleetError {
  const [from, to] = [relative(process.cwd(), copy), relative(process.cwd(), path)];
  const { code, message, where, excerpt, remedy } = problem;
  return new FleetError(code, message.replaceAll(from, to), {
    ...(where === undefined ? {} : { where: where.replaceAll(from, to) }),
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(remedy === undefined ? {} : { remedy }),
    cause: problem,
  });
}

function refused({ service, kept, moved }: MergeToProve, problem: FleetError): FleetError {
  return new FleetError(
    "merge",
    `the branches conflict: ${problem.message}\n  ${kept.join(", ")}\n  ${moved.join(", ")}`,
    {
      ...(problem.where === undefined ? {} : { where: problem.where }),
      ...(problem.excerpt === undefined ? {} : { excerpt: problem.excerpt }),
      remedy: `Remove one branch's migrations (${moved.join(", ")}), resolve the conflict in the Drizzle schema, and generate them again. Nothing was written. To merge anyway: npx drizzle-fleet merge ${service} --no-proof`,
      cause: problem,
    },
  );
}

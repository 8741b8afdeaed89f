import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { FleetError } from "../core/errors.ts";

/** A file to put in its place. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** True for a file that may exist and is replaced then; a migration's own SQL never is. */
  readonly replaces: boolean;
}

/**
 * Puts files in place, all or none: everything is written beside its place first, so that what can fail fails before
 * anything can be seen. The order is that of the files; the last one should be the one that makes the others count.
 *
 * @throws FleetError `write` with the path, when something cannot be written or is there already; nothing is left then
 */
export async function writeFiles(files: readonly NewFile[]): Promise<void> {
  const temporary = files.map(({ path }) => `${path}.${process.pid}.tmp`);
  const placed: string[] = [];
  const made: string[] = [];
  try {
    for (const [index, { path, text }] of files.entries()) {
      const folder = await mkdir(dirname(path), { recursive: true });
      if (folder !== undefined) made.push(folder);
      await writeFile(temporary[index] ?? path, text);
    }
    for (const [index, { path, replaces }] of files.entries()) {
      const from = temporary[index] ?? path;
      if (replaces) await rename(from, path);
      else {
        await link(from, path);
        placed.push(path);
      }
    }
  } catch (error) {
    // An empty folder would be a migration without its file.
    await Promise.all(
      [...placed, ...made].map((path) => rm(path, { force: true, recursive: true })),
    );
    throw writeError(error as NodeJS.ErrnoException);
  } finally {
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
  }
}

/**
 * Does something while no other process may change a migrations folder.
 *
 * @throws FleetError `write` when another one is at it
 */
export async function withFolderLock<Result>(
  folder: string,
  use: () => Promise<Result>,
): Promise<Result> {
  const path = join(folder, ".drizzle-fleet.lock");
  await takeLock(path);
  try {
    return await use();
  } finally {
    await rm(path, { force: true });
  }
}

async function takeLock(path: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(dirname(path), { recursive: true });
      return await claim(path);
    } catch (cause) {
      const error = cause as NodeJS.ErrnoException;
      if (error.code !== "EEXIST") throw writeError(error);
    }
    const owner = Number(await readFile(path, "utf8").catch(() => ""));
    if (owner > 0 && isAlive(owner) && !(await isYounger(owner, path)))
      throw folderLockedError(path, owner);
    // Its process was killed, perhaps by an earlier version before it wrote its number: nothing of it counts.
    await rm(path, { force: true });
  }
}

/** Puts the lock in place with its owner in it: an empty one would be no one's, or just being written. */
async function claim(path: string): Promise<void> {
  const own = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(own, String(process.pid));
    await link(own, path);
  } finally {
    await rm(own, { force: true });
  }
}

/** True when a process began after a lock was made: it has its number from one that is gone. Known on Linux. */
async function isYounger(pid: number, path: string): Promise<boolean> {
  const [ofProcess, ofSystem] = await Promise.all(
    [`/proc/${pid}/stat`, "/proc/stat"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  // The name, in brackets, may hold anything. After it the 20th field is the start, in hundredths of a second (proc(5)).
  const fields = ofProcess?.slice(ofProcess.lastIndexOf(")") + 2).split(" ") ?? [];
  const begun = Number(fields[19]) / 100;
  const booted = Number(/^btime (\d+)$/m.exec(ofSystem ?? "")?.[1]);
  const locked = (await stat(path).catch(() => undefined))?.mtimeMs ?? Number.NaN;
  return booted + begun > locked / 1_000 + 2;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function folderLockedError(path: string, owner: number): FleetError {
  return new FleetError(
    "write",
    `process ${owner} is changing ${relative(process.cwd(), dirname(path))}`,
    {
      where: relative(process.cwd(), path),
      remedy:
        "Run the command again when it is done. If nothing is at work there, delete the file. Nothing was written.",
    },
  );
}

function writeError(error: NodeJS.ErrnoException): FleetError {
  const path = error.code === "EEXIST" ? (error as { dest?: string }).dest : error.path;
  const where = relative(process.cwd(), path ?? "").replace(/\.\d+\.tmp$/, "");
  const reasons: Record<string, string> = {
    EEXIST: "it is there already, though it belongs to no migration",
    EACCES: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    ENOTDIR: "a part of the path is a file",
  };
  return new FleetError(
    "write",
    `${where} cannot be written: ${reasons[error.code ?? ""] ?? error.message}`,
    {
      where,
      remedy:
        error.code === "EEXIST"
          ? "Delete it if a killed command left it, or keep it elsewhere. Nothing was written."
          : "Fix that, then run the command again. Nothing was written.",
      cause: error,
    },
  );
}

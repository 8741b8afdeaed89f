import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { FleetError } from "../core/errors.ts";

/** A file to write. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** True if an existing file is replaced. It is false for a migration's own SQL. */
  readonly replaces: boolean;
}

/**
 * Writes files, all or none. Each is first written next to its final path, so that most errors occur before any file
 * is visible. Files appear in the given order: put the file that lists the others last.
 *
 * @throws FleetError `write` with the path, if a file cannot be written or already exists; then no file remains
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
    // An empty folder would look like a migration without its file.
    await Promise.all(
      [...placed, ...made].map((path) => rm(path, { force: true, recursive: true })),
    );
    throw writeError(error as NodeJS.ErrnoException);
  } finally {
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
  }
}

/**
 * Runs a function while no other process may change a migrations folder.
 *
 * @throws FleetError `write` if another process is changing the folder
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
    // The owner was killed, or an earlier version was killed before it wrote its process id. Its lock is stale.
    await rm(path, { force: true });
  }
}

/** Creates the lock together with its owner's process id: an empty lock would have no known owner. */
async function claim(path: string): Promise<void> {
  const own = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(own, String(process.pid));
    await link(own, path);
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Tells whether a process started after a lock was made, so that it only reuses the owner's process id. Known on
 * Linux.
 */
async function isYounger(pid: number, path: string): Promise<boolean> {
  const [ofProcess, ofSystem] = await Promise.all(
    [`/proc/${pid}/stat`, "/proc/stat"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  // The name, in parentheses, can contain anything. After it, the 20th field is the start time in 1/100 s (proc(5)).
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
        "Nothing was written. Wait until that process has finished or, if it is not a drizzle-fleet process, delete the lock file. Then run the same command again.",
    },
  );
}

function writeError(error: NodeJS.ErrnoException): FleetError {
  const path = error.code === "EEXIST" ? (error as { dest?: string }).dest : error.path;
  const where = relative(process.cwd(), path ?? "").replace(/\.\d+\.tmp$/, "");
  const reasons: Record<string, string> = {
    EEXIST: "it already exists, although it belongs to no migration",
    EACCES: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    ENOTDIR: "part of the path is a file",
  };
  return new FleetError(
    "write",
    `${where} cannot be written: ${reasons[error.code ?? ""] ?? error.message}`,
    {
      where,
      remedy:
        error.code === "EEXIST"
          ? "Nothing was written. Move the file elsewhere, or delete it if a killed command left it behind. Then run the same command again."
          : "Nothing was written. Fix the problem. Then run the same command again.",
      cause: error,
    },
  );
}

import { statfsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { acquireEmbedded } from "../../dist/dev/embedded.js";
import { startDelay } from "./delay.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** On Linux, a file system in memory. A container's is often small. */
const memory = "/dev/shm";

/** What the databases of the largest rollout take, with room to spare. */
const neededBytes = 8 * 2 ** 30;

/**
 * Opens a folder for projects and a PostgreSQL for their databases: an embedded one of its own, or the one at
 * BENCH_DATABASE_URL.
 */
export async function openPlace() {
  const files = useMemory();
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-bench-"));
  const given = process.env.BENCH_DATABASE_URL;
  const embedded =
    given === undefined
      ? await acquireEmbedded({ root, folder: join(folder, "server"), port: 54_398 }, [])
      : undefined;
  const admin = new pg.Client({
    connectionString: given ?? embedded.superuserAddressOf("postgres").url,
  });
  await admin.connect();
  const { rows } = await admin.query("SHOW server_version");
  const { host, port } = admin;
  const slow = await startDelay(port, 1, host);
  const urlOf = (name) => new URL(given ?? embedded.superuserAddressOf(name).url);
  return {
    folder,
    version: rows[0].server_version,
    files: given === undefined ? files : "files on the given server",
    database: databasesOn(admin, urlOf, slow.port),
    async close() {
      await admin.end();
      slow.close();
      await embedded?.release();
      await rm(folder, { recursive: true });
    },
  };
}

/** Returns a function that creates a database, and returns its URL and one with a delay of 1 ms each way. */
function databasesOn(admin, urlOf, slowPort) {
  let databases = 0;
  return async () => {
    databases += 1;
    const name = `bench_${process.pid}_${databases}`;
    await admin.query(`CREATE DATABASE ${name}`);
    const url = urlOf(name);
    url.pathname = `/${name}`;
    const delayed = new URL(url);
    Object.assign(delayed, { hostname: "127.0.0.1", port: String(slowPort) });
    return {
      url: url.href,
      delayed: delayed.href,
      drop: () => admin.query(`DROP DATABASE ${name} WITH (FORCE)`),
    };
  };
}

/**
 * Keeps all temporary files in memory if there is room and TMPDIR is not set. On a disk, creating the files of a table can
 * take longer than everything that is measured, and how long it takes depends on which files were deleted before.
 *
 * @returns where the files are
 */
function useMemory() {
  if (process.env.TMPDIR === undefined && freeBytes() >= neededBytes) process.env.TMPDIR = memory;
  return tmpdir() === memory ? "files in memory" : `files in ${tmpdir()}`;
}

function freeBytes() {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize;
  } catch {
    // Other systems have no such folder.
    return 0;
  }
}

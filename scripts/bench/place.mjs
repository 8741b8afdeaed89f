import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { acquireEmbedded } from "../../dist/dev/embedded.js";
import { startDelay } from "./delay.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Opens a folder for projects and a PostgreSQL for their databases: an embedded one of its own, or the one at
 * BENCH_DATABASE_URL.
 */
export async function openPlace() {
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
  let databases = 0;
  return {
    folder,
    version: rows[0].server_version,
    /** Creates a database, and returns its URL and one with a delay of 1 ms each way. */
    async database() {
      databases += 1;
      const name = `bench_${process.pid}_${databases}`;
      await admin.query(`CREATE DATABASE ${name}`);
      const url = new URL(given ?? embedded.superuserAddressOf(name).url);
      url.pathname = `/${name}`;
      const delayed = new URL(url);
      Object.assign(delayed, { hostname: "127.0.0.1", port: String(slow.port) });
      return {
        url: url.href,
        delayed: delayed.href,
        drop: () => admin.query(`DROP DATABASE ${name} WITH (FORCE)`),
      };
    },
    async close() {
      await admin.end();
      slow.close();
      await embedded?.release();
      await rm(folder, { recursive: true });
    },
  };
}

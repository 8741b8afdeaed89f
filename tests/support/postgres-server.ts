import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createRunner } from "../../src/dev/run-as.ts";

/** A PostgreSQL server that is installed on this machine, for example by Debian's packages. */
export interface PostgresServer {
  /** A superuser's URL. */
  readonly url: string;
  /** Returns pg_dump's output for a schema, including rows. */
  dump(url: string, schema: string): Promise<string>;
  /** Returns pg_dump's output for a schema: without rows, and with owners and privileges. */
  dumpStructure(url: string, schema: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the installed PostgreSQL of a major version on a free port, with an empty cluster.
 *
 * @throws if it is not installed: a test of this version must not pass without it
 */
export async function startPostgres(major: number): Promise<PostgresServer> {
  const bin = process.env[`POSTGRES_${major}_BIN`] ?? `/usr/lib/postgresql/${major}/bin`;
  const [initdb, control, dump] = ["initdb", "pg_ctl", "pg_dump"].map((name) => join(bin, name));
  if (initdb === undefined || control === undefined || dump === undefined || !existsSync(control))
    throw new Error(
      `PostgreSQL ${major} is missing from ${bin}. Set POSTGRES_${major}_BIN to its folder. Or, to install it, run: apt-get install postgresql-${major}`,
    );
  const folder = await mkdtemp(join(tmpdir(), `drizzle-fleet-postgres-${major}-`));
  const runner = await createRunner(control, folder);
  const data = join(folder, "data");
  const run = async (program: string, ...args: string[]) => {
    const { code, output } = await runner.run(program, args);
    if (code !== 0) throw new Error(`${program}: ${output}`);
  };
  await run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale");
  const dumpWith = async (option: string, url: string, schema: string) => {
    const args = [option, "--schema", `"${schema}"`, "--dbname", url];
    const { stdout } = await promisify(execFile)(dump, args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  };
  const port = await freePort();
  await appendFile(
    join(data, "postgresql.conf"),
    `port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_locks_per_transaction = 256\n`,
  );
  await run(control, "start", "-w", "-D", data, "-l", join(folder, "log"));
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    dump: (url, schema) => dumpWith("--no-owner", url, schema),
    dumpStructure: (url, schema) => dumpWith("--schema-only", url, schema),
    stop: async () => {
      await run(control, "stop", "-m", "immediate", "-D", data);
      await rm(folder, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

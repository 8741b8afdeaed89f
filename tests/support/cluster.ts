import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { onTestFinished } from "vitest";
import { type Binaries, findBinaries } from "../../src/dev/binaries.ts";
import { createRunner, type Runner } from "../../src/dev/run-as.ts";
import { connect, type Queries } from "./own-server.ts";
import { repository } from "./repository.ts";

const password = "super";

export interface ClusterOptions {
  /** A folder for the write-ahead log, which the server's user can enter; by default the log is in the data folder. */
  readonly walFolder?: string;
  /** Settings of the server, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * A PostgreSQL server for one test that can be stopped, started, and copied to a standby. It is the embedded
 * PostgreSQL, or the one whose programs are in the folder CHAOS_BINARIES, such as /usr/lib/postgresql/15/bin.
 */
export class Cluster {
  readonly port: number;
  readonly #folder: string;
  readonly #control: string;
  readonly #runner: Runner;
  readonly #settings: Readonly<Record<string, string>>;
  #ended = false;

  private constructor(
    port: number,
    folder: string,
    control: string,
    runner: Runner,
    settings: Readonly<Record<string, string>>,
  ) {
    this.port = port;
    this.#folder = folder;
    this.#control = control;
    this.#runner = runner;
    this.#settings = settings;
    onTestFinished(async ({ task }) => {
      this.#ended = true;
      await this.#pgCtl("stop", "-m", "immediate").catch(() => undefined);
      if (task.result?.state === "fail") console.log(`the server's log is kept: ${this.#log}`);
      else await rm(folder, { recursive: true });
    });
  }

  /** Creates a cluster with the ordinary role `migrator`, and starts it. It is stopped when the test ends. */
  static async create({ walFolder, settings = {} }: ClusterOptions = {}): Promise<Cluster> {
    const { initdb, control } = await findPrograms();
    const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-cluster-"));
    const runner = await createRunner(control, folder);
    const cluster = new Cluster(await freePort(), folder, control, runner, settings);
    await cluster.#write("password", password);
    const wal = walFolder === undefined ? [] : ["--waldir", walFolder, "--wal-segsize=1"];
    const options = ["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "-N", ...wal];
    const passwordFile = join(folder, "password");
    await cluster.#run(initdb, ["-D", cluster.#data, "--pwfile", passwordFile, ...options]);
    await cluster.start();
    await cluster.use((database) =>
      database.query(`CREATE ROLE migrator LOGIN PASSWORD 'migrator'`),
    );
    return cluster;
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  get #log(): string {
    return join(this.#folder, "log");
  }

  /** A database's URL, for the superuser or another role, with the server's port or that of a proxy. */
  urlOf(database: string, role = "postgres", secret = password, port = this.port): string {
    return `postgresql://${role}:${secret}@127.0.0.1:${port}/${database}`;
  }

  async start(): Promise<void> {
    if (this.#ended) throw new Error("the test has ended");
    const settings = {
      // Only the server crashes: what it has given to the operating system is not lost.
      fsync: "off",
      // The write-ahead log is written as late as possible, so that a crash loses what was not flushed.
      wal_writer_delay: "10s",
      max_prepared_transactions: "5",
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      ...this.#settings,
      port: String(this.port),
    };
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
    await this.#pgCtl("start", "-w", "-t", "60", "-l", this.#log, "-o", options.join(" "));
  }

  /** Stops the server. `immediate` is a crash: what the server has given to the operating system is not lost. */
  async stop(mode: "immediate" | "fast"): Promise<void> {
    await this.#pgCtl("stop", "-w", "-t", "60", "-m", mode);
  }

  /** Restarts the server, even if it has crashed. */
  async restart(): Promise<void> {
    const { code } = await this.#runner.run(this.#control, ["status", "-D", this.#data]);
    if (code === 0) await this.stop("immediate");
    await this.start();
  }

  /** Gives a folder to the user that runs the server. */
  own(folder: string): Promise<void> {
    return this.#runner.own(folder);
  }

  /** Returns the server's log. */
  readLog(): Promise<string> {
    return readFile(this.#log, "utf8");
  }

  /**
   * Creates a standby of this cluster, and starts it.
   *
   * @param settings settings of the standby, in addition to those of this cluster
   */
  async createStandby(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-standby-"));
    const runner = await createRunner(this.#control, folder);
    const all = { ...this.#settings, ...settings };
    const standby = new Cluster(await freePort(), folder, this.#control, runner, all);
    await this.stop("fast");
    await standby.#run("cp", ["-a", this.#data, standby.#data]);
    const source = `host=127.0.0.1 port=${this.port} user=postgres password=${password}`;
    await standby.#write("data/standby.signal", "");
    await standby.#write(
      "data/postgresql.auto.conf",
      `primary_conninfo = '${source} application_name=standby'\n`,
    );
    await this.start();
    await standby.start();
    return standby;
  }

  /** Changes settings of the running server. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    await this.use(async (database) => {
      for (const [name, value] of Object.entries(settings))
        await database.query(`ALTER SYSTEM SET ${name} = '${value}'`);
      await database.query("SELECT pg_reload_conf()");
    });
  }

  /** Promotes this standby to primary, and waits until it is one. */
  async promote(): Promise<void> {
    await this.#pgCtl("promote", "-w", "-t", "60");
  }

  /** Connects as the superuser as soon as the server accepts connections. */
  async use<Result>(
    act: (database: Queries) => Promise<Result>,
    database = "postgres",
  ): Promise<Result> {
    const client = await connect(this.urlOf(database));
    try {
      return await act({
        query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
          (await client.query<Row>(sql, values)).rows,
      });
    } finally {
      await client.end();
    }
  }

  async #pgCtl(command: string, ...args: string[]): Promise<void> {
    await this.#run(this.#control, [command, "-D", this.#data, ...args]);
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const { code, output } = await this.#runner.run(program, args);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${output}`);
  }

  /** Writes a file in the server's folder that belongs to the user that runs the server. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(path, text);
    await this.#runner.own(path);
  }
}

/** Finds the programs of PostgreSQL. */
async function findPrograms(): Promise<Binaries> {
  const folder = process.env.CHAOS_BINARIES;
  if (folder === undefined) return findBinaries(repository);
  return { initdb: join(folder, "initdb"), control: join(folder, "pg_ctl") };
}

/** Finds a free port below those of outgoing connections, so that none takes it while the server is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.on("error", () => resolve(false));
    listener.listen(port, "127.0.0.1", () => listener.close(() => resolve(true)));
  });
}

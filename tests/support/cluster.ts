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
  /** A folder for the log that is written ahead, which PostgreSQL's user can enter; without one, it is with the data. */
  readonly walFolder?: string;
  /** Settings of the server, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * A PostgreSQL of a test's own that can be stopped, started, and copied to a standby: the embedded one, or the one
 * whose programs are in the folder CHAOS_BINARIES, such as /usr/lib/postgresql/15/bin.
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

  /** Makes a cluster with the ordinary role `migrator`, and starts it. It is stopped with the test. */
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

  /** A database's URL, as the superuser or another role, at the server's port or at that of a proxy. */
  urlOf(database: string, role = "postgres", secret = password, port = this.port): string {
    return `postgresql://${role}:${secret}@127.0.0.1:${port}/${database}`;
  }

  async start(): Promise<void> {
    if (this.#ended) throw new Error("the test has ended");
    const settings = {
      // The crashes are the server's alone: what it has handed to the operating system survives them.
      fsync: "off",
      // The log is written as late as the server allows: what was not flushed is lost in a crash for certain.
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

  /** Stops the server: `immediate` as a loss of power would, but for what the operating system has. */
  async stop(mode: "immediate" | "fast"): Promise<void> {
    await this.#pgCtl("stop", "-w", "-t", "60", "-m", mode);
  }

  /** Starts the server anew, also one that was lost. */
  async restart(): Promise<void> {
    const { code } = await this.#runner.run(this.#control, ["status", "-D", this.#data]);
    if (code === 0) await this.stop("immediate");
    await this.start();
  }

  /** Gives a folder to the user that runs the server. */
  own(folder: string): Promise<void> {
    return this.#runner.own(folder);
  }

  /** What the server has written to its log. */
  readLog(): Promise<string> {
    return readFile(this.#log, "utf8");
  }

  /**
   * Makes a standby that follows this cluster, and starts it.
   *
   * @param settings of the standby, beside those of this cluster
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

  /** Changes settings of the server while it runs. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    await this.use(async (database) => {
      for (const [name, value] of Object.entries(settings))
        await database.query(`ALTER SYSTEM SET ${name} = '${value}'`);
      await database.query("SELECT pg_reload_conf()");
    });
  }

  /** Makes a primary of a standby, and waits until it is one. */
  async promote(): Promise<void> {
    await this.#pgCtl("promote", "-w", "-t", "60");
  }

  /** Connects as the superuser, once the server is up. */
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

  /** Writes a file of the server's folder, for the user that runs the server. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(path, text);
    await this.#runner.own(path);
  }
}

/** PostgreSQL's own programs. */
async function findPrograms(): Promise<Binaries> {
  const folder = process.env.CHAOS_BINARIES;
  if (folder === undefined) return findBinaries(repository);
  return { initdb: join(folder, "initdb"), control: join(folder, "pg_ctl") };
}

/** A free port that no outgoing connection is given while the server is down. */
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

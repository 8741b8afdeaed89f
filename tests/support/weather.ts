import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { exitCode } from "../../src/cli/exit-codes.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import type { RolloutEvent } from "../../src/core/events.ts";
import { type CliResult, createProject, runCli } from "./cli.ts";
import type { Cluster } from "./cluster.ts";
import { appFleet, configFile, history, writeFiles } from "./fleet.ts";
import { expectNothingLeft } from "./leftovers.ts";
import type { Queries } from "./own-server.ts";
import { createRandom, type Random } from "./random.ts";
import { Runner } from "./runner.ts";
import { after, before, downs, head, missing, standingOf } from "./weather-history.ts";

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000_000);

/** What a test of a weather is given. */
export interface Round {
  readonly random: Random;
  /** Adds to the line that the test prints at its end. */
  tell(text: string): void;
}

/** A test of one weather, which prints its seed, how long it took, and what it showed. */
export function weather(name: string, play: (round: Round) => Promise<void>): void {
  test(name, async () => {
    const startedAt = performance.now();
    const story: string[] = [];
    const line = () => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      return `chaos: CHAOS_SEED=${seed}, ${name}, ${seconds} s: ${story.join("; ")}`;
    };
    try {
      await play({ random: createRandom(seed), tell: (text) => void story.push(text) });
      console.log(line());
    } catch (error) {
      console.log(`${line()}; FAILED`);
      if (error instanceof Error) error.message = `CHAOS_SEED=${seed}: ${error.message}`;
      throw error;
    }
  });
}

export interface FleetOptions {
  /** The server of each database, by the database's name in the fleet. */
  readonly clusters: Readonly<Record<string, Cluster>>;
  /** Tenants in each database. */
  readonly tenants?: number;
  readonly more?: Partial<FleetInput>;
  /** A file that holds the role's password, which is in the URLs otherwise. */
  readonly passwordFile?: string;
}

/** The port that leads to each database, by its name; its server's where none is given. */
export type Ports = Readonly<Record<string, number>>;

/** A fleet of tenants that all have the same first migrations, and miss the same further ones. */
export class WeatherFleet {
  readonly project: string;
  /** The role's password, which is in the URLs unless it is empty. */
  password = "migrator";
  readonly #clusters: Map<string, Cluster>;
  readonly #tenants: ReadonlyMap<string, readonly string[]>;

  private constructor(
    project: string,
    clusters: Map<string, Cluster>,
    tenants: ReadonlyMap<string, readonly string[]>,
  ) {
    this.project = project;
    this.#clusters = clusters;
    this.#tenants = tenants;
  }

  /**
   * Makes databases, a role without special rights and a project. All tenants have the first migrations then, and miss
   * the others.
   */
  static async create(options: FleetOptions): Promise<WeatherFleet> {
    const { clusters, tenants = 8, more, passwordFile } = options;
    const names = Object.keys(clusters);
    const perDatabase = new Map(
      names.map((name) => [name, Array.from({ length: tenants }, (_, index) => `${name}${index}`)]),
    );
    const databases = Object.fromEntries(
      names.map((name) => {
        const url = { environmentVariable: variableOf(name) };
        return [name, passwordFile === undefined ? { url } : { url, passwordFile }];
      }),
    );
    const services = {
      app: {
        schema: "./schema",
        out: "./drizzle/app",
        database: names[0] ?? "main",
        tenantSchema: "app_{tenant}",
        sharedSchemas: ["weather"],
      },
    };
    const fleet = { ...appFleet("", []), concurrency: 4, ...more, databases, services };
    const listed = names.flatMap((name) =>
      (perDatabase.get(name) ?? []).map((id) => ({ id, database: name })),
    );
    const project = await createProject({
      "drizzle.config.ts": configFile({ ...fleet, tenants: listed }),
      ...history("drizzle/app", before),
    });
    const made = new WeatherFleet(project, new Map(Object.entries(clusters)), perDatabase);
    if (passwordFile !== undefined) made.password = "";
    for (const name of names) await made.#prepare(name);
    const calm = await made.run(["migrate"]);
    expect(calm.code, calm.stderr + calm.stdout).toBe(0);
    await writeFiles(project, { ...history("drizzle/app", after), ...downs });
    return made;
  }

  /** How many targets there are. */
  get size(): number {
    return [...this.#tenants.values()].flat().length;
  }

  /** How many migrations are to be applied in all. */
  get steps(): number {
    return this.size * missing;
  }

  environment(ports: Ports = {}): Record<string, string> {
    return Object.fromEntries(
      [...this.#clusters].map(([name, cluster]) => {
        const url = new URL(cluster.urlOf(name, "migrator", this.password, ports[name]));
        return [variableOf(name), url.href];
      }),
    );
  }

  /** Starts a run as a process of its own. */
  start(ports?: Ports, command?: readonly string[]): Runner {
    return Runner.process(this.project, this.environment(ports), command);
  }

  /** Connects to each database as the superuser. */
  async use(act: (database: Queries) => Promise<void>): Promise<void> {
    for (const [name, cluster] of this.#clusters) await cluster.use(act, name);
  }

  /** Runs a command to its end. */
  run(command: readonly string[], ports?: Ports): Promise<CliResult> {
    return runCli(this.project, command, this.environment(ports));
  }

  /** From now on another server has the database, such as a standby that was promoted. */
  moveTo(name: string, cluster: Cluster): void {
    this.#clusters.set(name, cluster);
  }

  /** How long each migration takes that begins from now on, in seconds. */
  async setPace(seconds: number, names = [...this.#clusters.keys()]): Promise<void> {
    for (const name of names)
      await this.#cluster(name).use(
        (database) => database.query(`UPDATE weather.pace SET seconds = $1`, [seconds]),
        name,
      );
  }

  /** Each ledger tells what is in its schema, whatever the weather has left. */
  async expectLedgersEqualCatalogs(
    names = [...this.#clusters.keys()],
  ): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const disagreements: Record<string, readonly string[]> = {};
    for (const name of names)
      await this.#cluster(name).use(async (database) => {
        for (const tenant of this.#tenants.get(name) ?? []) {
          const standing = await standingOf(database, `app_${tenant}`);
          counts.set(tenant, standing.whole.length);
          if (standing.disagreements.length > 0) disagreements[tenant] = standing.disagreements;
        }
      }, name);
    expect(disagreements, "ledgers that differ from their catalogs").toEqual({});
    return counts;
  }

  /** What the run has reported as done is there, and it ended with an honest code. */
  async expectHonest(runner: Runner): Promise<void> {
    const ending = await runner.ending;
    const standing = await this.expectLedgersEqualCatalogs();
    const done = runner.outcomes.filter(({ status }) => isGood(status));
    const broken = done.filter(({ target }) => standing.get(target.tenant ?? "") !== head);
    expect(broken, "reported, but not there").toEqual([]);
    if (ending.how !== "ended") return;
    expect(runner.outcomes).toHaveLength(this.size);
    if (ending.code !== exitCode.interrupted)
      expect(ending.code === 0, ending.stderr).toBe(done.length === this.size);
    const begun = new Set(runner.events.flatMap(begunBy));
    const doubted = runner.outcomes.filter(
      ({ status, target }) => status === "inDoubt" && !begun.has(target.schema),
    );
    expect(doubted, "in doubt, but never begun").toEqual([]);
    const silent = runner.outcomes.filter(
      ({ status, failure }) => ["failed", "inDoubt"].includes(status) && !failure?.remedy,
    );
    expect(silent, "failures without a remedy").toEqual([]);
  }

  /**
   * When the weather is over: ledgers equal catalogs, `--failed` finishes the job, all targets are at head, and
   * nothing is left over.
   */
  async afterwards(ports?: Ports): Promise<void> {
    await this.setPace(0);
    await this.expectLedgersEqualCatalogs();
    const finished = await this.run(["migrate", "--failed"], ports);
    expect(finished.code, finished.stdout + finished.stderr).toBe(0);
    const status = await this.run(["status"], ports);
    expect(status.stdout).toContain(`All ${this.size} targets are at head.`);
    expect(status.code).toBe(0);
    const counts = await this.expectLedgersEqualCatalogs();
    expect([...counts].filter(([, count]) => count !== head)).toEqual([]);
    await this.use(expectNothingLeft);
  }

  #cluster(name: string): Cluster {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) throw new Error(`the fleet has no database ${name}`);
    return cluster;
  }

  async #prepare(name: string): Promise<void> {
    const cluster = this.#cluster(name);
    await cluster.use((database) => database.query(`CREATE DATABASE ${name} OWNER migrator`));
    await cluster.use(async (database) => {
      await database.query(`CREATE SCHEMA weather;
        CREATE TABLE weather.pace (seconds float8 NOT NULL);
        INSERT INTO weather.pace VALUES (0);
        CREATE FUNCTION weather.pass() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
          PERFORM pg_catalog.pg_sleep((SELECT seconds FROM weather.pace));
        END $$;
        GRANT USAGE ON SCHEMA weather TO migrator`);
    }, name);
  }
}

/** Waits until a share of the migrations is applied, chosen at random, and somewhat more. */
export async function somewhereInTheMiddle(
  { random }: Round,
  runner: Runner,
  fleet: WeatherFleet,
): Promise<void> {
  const applied = Math.floor((0.15 + 0.55 * random.next()) * fleet.steps);
  await runner.until(() => runner.applied >= applied);
  await sleep(random.next() * 200);
  expect(runner.underWay, "the rollout was over before the weather came").toBe(true);
}

/** The run has noticed the weather. */
export function expectHit({ retries, outcomes }: Runner): void {
  const disturbed = retries.length + outcomes.filter(({ status }) => !isGood(status)).length;
  expect(disturbed, "targets that the weather disturbed").toBeGreaterThan(0);
}

/** How a run ended, in a few words. */
export async function storyOf(runner: Runner): Promise<string> {
  const ending = await runner.ending;
  const counts = new Map<string, number>();
  for (const { status } of runner.outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const outcomes = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  const how = ending.how === "ended" ? `exit ${ending.code}` : ending.how;
  return `${how}, ${runner.applied} steps, ${runner.retries.length} retries${outcomes === "" ? "" : `, ${outcomes}`}`;
}

/** Waits until a database runs a migration that has slept for a second. */
export async function untilAsleep(database: Queries): Promise<void> {
  const asleep = `SELECT FROM pg_stat_activity
    WHERE wait_event = 'PgSleep' AND datname = current_database() AND now() - query_start > interval '1 s'`;
  await vi.waitUntil(async () => (await database.query(asleep)).length > 0, { timeout: 30_000 });
}

function begunBy(event: RolloutEvent): string[] {
  return event.type === "targetStarted" ? [event.target.schema] : [];
}

function isGood(status: string): boolean {
  return status === "succeeded" || status === "skipped";
}

function variableOf(database: string): string {
  return `${database.toUpperCase()}_URL`;
}

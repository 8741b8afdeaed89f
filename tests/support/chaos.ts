import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { exitCode } from "../../src/cli/exit-codes.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import type { RolloutEvent } from "../../src/core/events.ts";
import { after, before, downs, head, ledgerStateOf, missing } from "./chaos-history.ts";
import { type CliResult, createProject, runCli } from "./cli.ts";
import type { Cluster } from "./cluster.ts";
import { appFleet, configFile, history, writeFiles } from "./fleet.ts";
import { expectNothingLeft } from "./leftovers.ts";
import type { Queries } from "./own-server.ts";
import { createRandom, type Random } from "./random.ts";
import { Runner } from "./runner.ts";

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000_000);

/** What a chaos test receives. */
export interface Round {
  readonly random: Random;
  /** Adds a text to the line that the test prints when it ends. */
  tell(text: string): void;
}

/** Defines a test of one kind of failure. It prints its seed, its duration, and what `tell` was given. */
export function chaosTest(name: string, play: (round: Round) => Promise<void>): void {
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
  /** The server of each database, by the database's name in the configuration. */
  readonly clusters: Readonly<Record<string, Cluster>>;
  /** The number of tenants in each database. */
  readonly tenants?: number;
  readonly more?: Partial<FleetInput>;
  /** A file with the role's password. Without it, the password is in the URLs. */
  readonly passwordFile?: string;
}

/** The port through which to reach a database, by its name; by default that of its server. */
export type Ports = Readonly<Record<string, number>>;

/** A fleet whose tenants all have the same first migrations applied and the same later ones pending. */
export class ChaosFleet {
  readonly project: string;
  /** The role's password in the URLs; empty if a file contains it. */
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
   * Creates the databases and a project, and applies the first migrations to all tenants. The migrating role is an
   * ordinary one.
   */
  static async create(options: FleetOptions): Promise<ChaosFleet> {
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
        sharedSchemas: ["chaos"],
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
    const made = new ChaosFleet(project, new Map(Object.entries(clusters)), perDatabase);
    if (passwordFile !== undefined) made.password = "";
    for (const name of names) await made.#prepare(name);
    const calm = await made.run(["migrate"]);
    expect(calm.code, calm.stderr + calm.stdout).toBe(0);
    await writeFiles(project, { ...history("drizzle/app", after), ...downs });
    return made;
  }

  /** The number of targets. */
  get size(): number {
    return [...this.#tenants.values()].flat().length;
  }

  /** The number of steps that are pending in the beginning, for all targets together. */
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

  /** Starts a run in a separate process. */
  start(ports?: Ports, command?: readonly string[]): Runner {
    return Runner.process(this.project, this.environment(ports), command);
  }

  /** Connects to each database as the superuser. */
  async use(act: (database: Queries) => Promise<void>): Promise<void> {
    for (const [name, cluster] of this.#clusters) await cluster.use(act, name);
  }

  /** Runs a command and waits until it ends. */
  run(command: readonly string[], ports?: Ports): Promise<CliResult> {
    return runCli(this.project, command, this.environment(ports));
  }

  /** Uses another server for a database from now on, such as a standby that was promoted. */
  moveTo(name: string, cluster: Cluster): void {
    this.#clusters.set(name, cluster);
  }

  /** Sets how long each migration that begins from now on takes, in seconds. */
  async setPace(seconds: number, names = [...this.#clusters.keys()]): Promise<void> {
    for (const name of names)
      await this.#cluster(name).use(
        (database) => database.query(`UPDATE chaos.pace SET seconds = $1`, [seconds]),
        name,
      );
  }

  /** Expects that each ledger matches what is in its schema. Returns the number of complete migrations by tenant. */
  async expectLedgersEqualCatalogs(
    names = [...this.#clusters.keys()],
  ): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const disagreements: Record<string, readonly string[]> = {};
    for (const name of names)
      await this.#cluster(name).use(async (database) => {
        for (const tenant of this.#tenants.get(name) ?? []) {
          const state = await ledgerStateOf(database, `app_${tenant}`);
          counts.set(tenant, state.whole.length);
          if (state.disagreements.length > 0) disagreements[tenant] = state.disagreements;
        }
      }, name);
    expect(disagreements, "ledgers that differ from their catalogs").toEqual({});
    return counts;
  }

  /** Expects that what the run reported as done is in the database, and that its exit code is right. */
  async expectHonest(runner: Runner): Promise<void> {
    const ending = await runner.ending;
    const counts = await this.expectLedgersEqualCatalogs();
    const done = runner.outcomes.filter(({ status }) => isGood(status));
    const broken = done.filter(({ target }) => counts.get(target.tenant ?? "") !== head);
    expect(broken, "reported as done, but not at head").toEqual([]);
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
   * Expects, after the failure, that ledgers match catalogs, that `migrate --failed` brings all targets to head, and
   * that nothing is left over.
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
      await database.query(`CREATE SCHEMA chaos;
        CREATE TABLE chaos.pace (seconds float8 NOT NULL);
        INSERT INTO chaos.pace VALUES (0);
        CREATE FUNCTION chaos.pass() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
          PERFORM pg_catalog.pg_sleep((SELECT seconds FROM chaos.pace));
        END $$;
        GRANT USAGE ON SCHEMA chaos TO migrator`);
    }, name);
  }
}

/** Waits until a random share of the steps is applied, and then up to 200 ms more. */
export async function somewhereInTheMiddle(
  { random }: Round,
  runner: Runner,
  fleet: ChaosFleet,
): Promise<void> {
  const applied = Math.floor((0.15 + 0.55 * random.next()) * fleet.steps);
  await runner.until(() => runner.applied >= applied);
  await sleep(random.next() * 200);
  expect(runner.underWay, "the rollout ended before the failure began").toBe(true);
}

/** Expects that the failure affected the run. */
export function expectHit({ retries, outcomes }: Runner): void {
  const affected = retries.length + outcomes.filter(({ status }) => !isGood(status)).length;
  expect(affected, "targets that the failure affected").toBeGreaterThan(0);
}

/** A short description of how a run ended. */
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

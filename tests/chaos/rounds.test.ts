import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { expect, onTestFailed, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { catalogOf } from "../support/catalog.ts";
import { createProject, runCli } from "../support/cli.ts";
import { appFleet, configFile, contextFor, history } from "../support/fleet.ts";
import { expectNothingLeft, toolsBackends } from "../support/leftovers.ts";
import { createOwnServer, type OwnServer, type Queries } from "../support/own-server.ts";
import { type Break, BreakingProxy, type Cut, type Decision } from "../support/proxy.ts";
import { createRandom, type Random } from "../support/random.ts";
import { Runner } from "../support/runner.ts";

const rounds = Number(process.env.CHAOS_ROUNDS ?? 100);
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000_000);

/** The kinds of failure, and how many of every 22 rounds have each. */
const weights = {
  kill: 3,
  terminate: 3,
  restart: 3,
  cutBefore: 2,
  cutUnanswered: 4,
  cutPartly: 2,
  cutAnyTime: 2,
  twoRunners: 3,
};
type Kind = keyof typeof weights;
const kinds = Object.keys(weights) as Kind[];

/** Kinds of failure that can interrupt a runner while it reads the fleet, so that no rollout begins. */
const mayBeRefused: readonly Kind[] = ["terminate", "restart", "cutAnyTime"];

/** Much more than a round takes: only a runner that hangs is this slow. */
const roundLimitMs = 60_000;

/** Migrations that show if one was applied twice, partly, or not at all. */
const migrations = {
  "0000_runs": `CREATE TABLE "runs" ("tag" text NOT NULL);
INSERT INTO "runs" VALUES ('0000');`,
  "0001_things": `CREATE TYPE "public"."kind" AS ENUM ('a');
CREATE TABLE "public"."things" (
  "id" integer PRIMARY KEY, "kind" "public"."kind" NOT NULL, "code" text NOT NULL, "amount" integer NOT NULL
);
INSERT INTO "things" SELECT g, 'a', 'code ' || g, 0 FROM generate_series(1, 2000) AS g;
INSERT INTO "runs" VALUES ('0001');`,
  "0002_kind_index": `CREATE INDEX CONCURRENTLY "things_kind" ON "public"."things" USING btree ("kind");`,
  "0003_value": `ALTER TYPE "public"."kind" ADD VALUE 'b';
UPDATE "things" SET "kind" = 'b', "amount" = "amount" + 1 WHERE "id" % 2 = 0;
INSERT INTO "runs" VALUES ('0003');`,
  "0004_several_indexes": `INSERT INTO "runs" VALUES ('0004 first');
CREATE UNIQUE INDEX CONCURRENTLY "things_code" ON "things" ("code");
UPDATE "things" SET "amount" = "amount" + 1;
INSERT INTO "runs" VALUES ('0004 second');
CREATE INDEX CONCURRENTLY IF NOT EXISTS "things_lower" ON "public"."things" (lower("code")) WHERE "amount" > 1;
INSERT INTO "runs" VALUES ('0004 third');
CREATE INDEX CONCURRENTLY "things_amount" ON "things" ("amount");
DROP INDEX CONCURRENTLY IF EXISTS "things_amount";`,
  "0005_function": `CREATE FUNCTION "public"."spend"("wanted" integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE "rest" integer;
BEGIN
  UPDATE "public"."things" SET "amount" = "amount" + 1 WHERE "id" <= "wanted";
  SELECT sum("amount") INTO "rest" FROM "public"."things";
  RETURN "rest";
END
$$;
INSERT INTO "runs" SELECT '0005 ' || "public"."spend"(7);`,
  "0006_drop": `DROP INDEX CONCURRENTLY "public"."things_kind";`,
  "0007_reindex": `INSERT INTO "runs" VALUES ('0007 before');
REINDEX INDEX CONCURRENTLY "public"."things_code";
INSERT INTO "runs" VALUES ('0007 after');`,
  "0008_column": `ALTER TABLE "things" ADD COLUMN "note" text DEFAULT 'none' NOT NULL;
UPDATE "things" SET "note" = "note" || ' ' || "amount";
INSERT INTO "runs" VALUES ('0008');`,
  "0009_sum": `CREATE TABLE "sums" AS SELECT "kind", sum("amount") AS "amount" FROM "things" GROUP BY "kind";
INSERT INTO "runs" VALUES ('0009');`,
};
const head = Object.keys(migrations).length;

/** The rows in `runs` if each was applied once. */
const runs = [
  "0000",
  "0001",
  "0003",
  "0004 first",
  "0004 second",
  "0004 third",
  "0005 3007",
  "0007 after",
  "0007 before",
  "0008",
  "0009",
];

/** The tenant that all others are compared with. */
const calm = "calm";

/** What all rounds share. */
interface Scene {
  readonly server: OwnServer;
  readonly proxy: BreakingProxy;
  readonly project: string;
  readonly fleet: FleetInput;
  /** The tenants. Each round adds some. */
  readonly tenants: string[];
  /** The number of messages of each kind in an uninterrupted rollout of one tenant. */
  readonly messages: Readonly<Record<Decision, number>>;
}

/** One round. It has its own random numbers, so that the timing of a round does not change later ones. */
interface Round {
  readonly scene: Scene;
  readonly random: Random;
  readonly fresh: number;
}

/** The runners of a round, and whether the failure hit a rollout in progress. */
interface Played {
  readonly runners: readonly Runner[];
  readonly hit: boolean;
}

const play: Record<Kind, (round: Round) => Promise<Played>> = {
  kill: async (round) => {
    const runner = startProcess(round);
    await atSomeMoment(round, runner);
    runner.kill();
    return { runners: [runner], hit: await wasKilledAtWork(runner) };
  },

  terminate: async (round) => {
    const { random, scene } = round;
    const most = random.chance(0.5) ? 1_000 : 1;
    // Fewer than a target's attempts, so that the rollout must succeed.
    const times = 1 + random.below(5);
    const runner = start(round);
    const hits = await scene.server.use(async (database) => {
      let ended = 0;
      await atSomeMoment(round, runner);
      for (let left = times; left > 0 && (left === times || runner.underWay); left -= 1) {
        const atWork = runner.underWay;
        const backends = await database.query(
          `SELECT pg_terminate_backend(pid) FROM (${toolsBackends} ORDER BY random() LIMIT ${most}) AS chosen`,
        );
        if (atWork) ended += backends.length;
        await sleep(random.next() * 150);
      }
      return ended;
    });
    return { runners: [runner], hit: hits > 0 };
  },

  restart: async (round) => {
    const { random, scene } = round;
    const runner = start(round);
    // A target that was reported as done must stay done after the crash.
    if (random.chance(0.3)) await runner.until(() => runner.outcomes.some(isSuccess));
    else await atSomeMoment(round, runner);
    const atWork = runner.underWay;
    if (random.chance(0.6)) await scene.server.restart();
    else await crashBackend(scene.server);
    const noticed = runner.underWay;
    await runner.ending;
    return { runners: [runner], hit: atWork && (noticed || runner.retries.length > 0) };
  },

  cutBefore: (round) => cutAtMessages(round, () => "before"),
  cutUnanswered: (round) =>
    cutAtMessages(round, (random) => (random.chance(0.4) ? "sent" : "answered")),
  cutPartly: (round) => cutAtMessages(round, () => "partly"),

  cutAnyTime: async (round) => {
    const { random, scene } = round;
    const runner = start(round, scene.proxy.port);
    let hits = 0;
    for (let left = 1 + random.below(3); left > 0; left -= 1) {
      await atSomeMoment(round, runner);
      const atWork = runner.underWay;
      const cut = scene.proxy.cutNow(1 + random.below(4), random.chance(0.5));
      if (atWork) hits += cut;
    }
    return { runners: [runner], hit: hits > 0 };
  },

  twoRunners: async (round) => {
    const { random, scene, fresh } = round;
    const first = startProcess(round);
    const together = random.chance(0.4);
    const ahead = random.below(fresh * 2);
    if (!together) await first.until(() => first.started && first.applied >= ahead);
    const second = together ? startProcess(round) : startHere(scene);
    await Promise.all([first, second].map((runner) => runner.until(() => runner.started)));
    // Both are running. One of them is killed at a random point in the remaining work.
    const done = first.applied + second.applied;
    const enough = done + random.next() * Math.max(fresh * head - done, 0);
    const isEnough = () => first.applied + second.applied >= enough;
    await Promise.race([first.until(isEnough), second.until(isEnough)]);
    await sleep(random.next() * 20);
    const [victim, other] = together && random.chance(0.5) ? [second, first] : [first, second];
    const atWork = other.underWay;
    victim.kill();
    return { runners: [victim, other], hit: (await wasKilledAtWork(victim)) && atWork };
  },
};

test(`every target is at head and intact after ${rounds} rounds of chaos`, {
  timeout: 300_000 + rounds * 3_000,
}, async ({ signal }) => {
  console.log(`chaos: CHAOS_SEED=${seed} CHAOS_ROUNDS=${rounds}`);
  const story: string[] = [];
  onTestFailed(() => console.log(`chaos: failed with CHAOS_SEED=${seed}\n${story.join("\n")}`));
  let place = "beforehand";
  try {
    const scene = await prepare();
    const tally = new Tally();
    const reported = new Set<string>();
    for (const [number, kind] of kindsInOrder(createRandom(seed)).entries()) {
      if (signal.aborted) throw new Error("the test ran out of time");
      place = `round ${number}, ${kind}`;
      const random = createRandom(seed + 1 + number);
      const round = { scene, random, fresh: 3 + random.below(2) };
      grow(scene.tenants, `r${number}_`, round.fresh);
      const startedAt = performance.now();
      const { runners, hit } = await within(roundLimitMs, play[kind](round));
      await within(roundLimitMs, Promise.all(runners.map((runner) => runner.ending)));
      const ms = Math.round(performance.now() - startedAt);
      story.push(
        `${place}: ${hit ? "hit" : "missed"}, ${ms} ms, ${runners.map(storyOf).join(" | ")}`,
      );
      tally.count(kind, hit, runners);
      for (const runner of runners) {
        await expectHonestEnd(runner, kind, scene);
        for (const { target } of runner.outcomes.filter(isSuccess)) reported.add(target.schema);
      }
      // Checked now, before the next round applies again what this one lost.
      await scene.server.use((database) => expectAtHead(database, reported));
    }
    place = "after all rounds";
    const final = await runCli(scene.project, ["migrate"], environmentOf(scene));
    expect(final.code, final.stderr).toBe(0);
    expect((await runCli(scene.project, ["migrate"], environmentOf(scene))).stdout).toContain(
      `Nothing to do: ${scene.tenants.length} targets at head.`,
    );
    await scene.server.use((database) => expectWhole(database, scene.tenants));
    await scene.server.use(expectNothingLeft);
    console.log(tally.line());
    // Each kind occurs in at least 9 of 100 rounds. Some failures come too early or too late to have an effect.
    const least = Math.floor(rounds / 50);
    for (const kind of kinds) expect(tally.hitsOf(kind), `hits of ${kind}`).toBeGreaterThan(least);
  } catch (error) {
    if (error instanceof Error) error.message = `CHAOS_SEED=${seed}, ${place}: ${error.message}`;
    throw error;
  }
});

/** Creates a server, a project, and a tenant, migrated without failures, that all others are compared with. */
async function prepare(): Promise<Scene> {
  const server = await createOwnServer(54_396);
  await server.use(async (database) => {
    // The write-ahead log is written as late as possible, so that a crash loses what was not flushed.
    await database.query("ALTER SYSTEM SET wal_writer_delay = '10s'");
    // Only the server crashes: what it has given to the operating system is not lost.
    await database.query("ALTER SYSTEM SET fsync = off");
    await database.query("SELECT pg_reload_conf()");
  });
  const fleet = {
    ...appFleet("", [], { concurrency: 3, connectTimeout: 30_000 }),
    databases: { main: { url: { environmentVariable: "CHAOS_URL" } } },
  };
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
  });
  const proxy = await BreakingProxy.open(server.port);
  const scene = { server, proxy, project, fleet, tenants: [calm] };
  const runner = startHere(scene, proxy.port);
  expect(await runner.ending).toEqual({ how: "ended", code: undefined, stderr: "" });
  expect(
    runner.outcomes.filter(({ status }) => status !== "succeeded" && status !== "skipped"),
  ).toEqual([]);
  return { ...scene, messages: { ...proxy.seen } };
}

function grow(tenants: string[], prefix: string, count: number): void {
  for (let index = 0; index < count; index += 1) tenants.push(`${prefix}${index}`);
}

/** The kinds of all rounds. Every 22 rounds contain each kind as often as its weight says, in random order. */
function kindsInOrder(random: Random): Kind[] {
  const deck = kinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));
  const order: Kind[] = [];
  while (order.length < rounds) order.push(...random.shuffled(deck));
  return order.slice(0, rounds);
}

function environmentOf({ server, tenants }: Pick<Scene, "server" | "tenants">, port = server.port) {
  return { CHAOS_URL: server.urlAt(port), TENANTS: tenants.join(" ") };
}

function startHere(scene: Omit<Scene, "messages">, port?: number): Runner {
  return Runner.here(contextFor(scene.project, scene.fleet, environmentOf(scene, port)));
}

function startProcess({ scene }: Round, port?: number): Runner {
  return Runner.process(scene.project, environmentOf(scene, port));
}

/** Starts a runner in this process, which is faster, or sometimes in a separate one. */
function start(round: Round, port?: number): Runner {
  return round.random.chance(0.75) ? startHere(round.scene, port) : startProcess(round, port);
}

/**
 * Waits for a random moment of the rollout. It depends on the rollout's progress, so that it is not missed on a busy
 * machine. Sometimes it is a moment before the rollout begins.
 */
async function atSomeMoment({ random, fresh }: Round, runner: Runner): Promise<void> {
  const [early, share, more] = [random.chance(0.08), random.next(), random.next()];
  if (early) {
    await sleep(share * 300);
    return;
  }
  await runner.until(() => runner.started);
  const startedAt = performance.now();
  const applied = Math.floor(share * 0.9 * fresh * head);
  await runner.until(() => runner.applied >= applied);
  // Then a random moment during the next steps.
  await sleep((more * 2 * (performance.now() - startedAt)) / Math.max(applied, 3));
}

async function cutAtMessages(
  { scene, random, fresh }: Round,
  place: (random: Random) => Break,
): Promise<Played> {
  const { proxy } = scene;
  const before = proxy.cuts;
  const count = 1 + random.below(3);
  const orders = Array.from({ length: count }, (_, index): Cut => {
    const at = index > 0 && random.chance(0.4) ? "alone" : "commit";
    const after = random.below(Math.floor((scene.messages[at] * fresh) / count));
    const lateMs = random.chance(0.3) ? random.below(300) : 0;
    return {
      at,
      place: place(random),
      after,
      share: random.next(),
      reset: random.chance(0.5),
      lateMs,
    };
  });
  proxy.cutAtMessages(orders);
  const runner = start({ scene, random, fresh }, proxy.port);
  await runner.ending;
  proxy.cutAtMessages([]);
  return { runners: [runner], hit: proxy.cuts > before };
}

/** Kills a backend, as the kernel does when memory runs out. The server then terminates all others and recovers. */
async function crashBackend(server: OwnServer): Promise<void> {
  const [backend] = await server.use((database) => database.query<{ pid: number }>(toolsBackends));
  if (backend === undefined) return;
  try {
    process.kill(backend.pid, "SIGKILL");
  } catch (error) {
    // It may have ended since the query.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** True if a runner was killed during its rollout. Only its last events show this. */
async function wasKilledAtWork(runner: Runner): Promise<boolean> {
  const { how } = await runner.ending;
  return how === "killed" && runner.started && !runner.finished;
}

function isSuccess({ status }: Outcome): boolean {
  return status === "succeeded";
}

/** Expects that a runner that was not killed has brought the fleet to head and reported that. */
async function expectHonestEnd(runner: Runner, kind: Kind, scene: Scene): Promise<void> {
  const ending = await runner.ending;
  if (ending.how === "killed") return;
  if (ending.how === "refused") {
    expect(mayBeRefused, ending.message).toContain(kind);
    expect(ending.message).toMatch(/cannot be read|did not accept a connection/);
    return;
  }
  const { outcomes } = runner;
  expect(outcomes.filter(({ status }) => status !== "succeeded" && status !== "skipped")).toEqual(
    [],
  );
  expect(outcomes).toHaveLength(scene.tenants.length);
  expect(ending.code ?? 0, ending.stderr).toBe(0);
}

/** Expects that these schemas have every migration, and all of them completely. */
async function expectAtHead(database: Queries, schemas: ReadonlySet<string>): Promise<void> {
  const rows = await database.query<{ schema: string }>(
    `SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = '__fleet_ledger'`,
  );
  const there = new Set(rows.map(({ schema }) => schema));
  const counts = [...schemas]
    .filter((schema) => there.has(schema))
    .map(
      (schema) =>
        `SELECT '${schema}' AS schema, count(*) FILTER (WHERE applied = statements) AS whole FROM ${schema}.__fleet_ledger`,
    );
  const whole =
    counts.length === 0
      ? []
      : await database.query<{ schema: string }>(
          `SELECT schema FROM (${counts.join(" UNION ALL ")}) AS counts WHERE whole = ${head}`,
        );
  const atHead = new Set(whole.map(({ schema }) => schema));
  expect(
    [...schemas].filter((schema) => !atHead.has(schema)),
    "reported as done, but not at head",
  ).toEqual([]);
}

/** Expects that every tenant's catalog, rows and ledger equal those of the tenant without failures. */
async function expectWhole(database: Queries, tenants: readonly string[]): Promise<void> {
  const expected = await factsOf(database, calm);
  expect(expected.filter((fact) => fact.startsWith("run "))).toEqual(
    runs.map((tag) => `run ${tag}`),
  );
  expect(expected.filter((fact) => fact.startsWith("entry "))).toHaveLength(head);
  const differences: Record<string, string[]> = {};
  for (const tenant of tenants) {
    const actual = await factsOf(database, tenant);
    if (isDeepStrictEqual(actual, expected)) continue;
    differences[tenant] = [
      ...expected.filter((fact) => !actual.includes(fact)).map((fact) => `missing: ${fact}`),
      ...actual.filter((fact) => !expected.includes(fact)).map((fact) => `too much: ${fact}`),
      `${actual.length} instead of ${expected.length} facts`,
    ];
  }
  expect(differences).toEqual({});
}

/** Everything about a tenant that can be compared: not times and positions of sequences. */
async function factsOf(database: Queries, tenant: string): Promise<string[]> {
  const schema = `app_${tenant}`;
  const rows = await database.query<{ fact: string }>(
    `SELECT 'run ' || tag AS fact FROM ${schema}.runs
     UNION ALL SELECT 'things ' || md5(string_agg(t::text, ',' ORDER BY id)) FROM ${schema}.things AS t
     UNION ALL SELECT 'sum ' || s::text FROM ${schema}.sums AS s
     UNION ALL SELECT concat_ws(' ', 'entry', tag, checksum, statements, applied, applied_checksum, begun)
       FROM ${schema}.__fleet_ledger`,
  );
  return [...(await catalogOf(database, schema)), ...rows.map(({ fact }) => fact).sort()];
}

function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`it did not finish within ${ms / 1_000} s`));
    const timer = setTimeout(late, ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function storyOf(runner: Runner): string {
  const reasons = runner.retries.map(({ reason, target }) => `${target.schema}: ${reason}`);
  return [`${runner.applied} steps`, ...reasons].join(", ");
}

/** Counts the failures and their effects. */
class Tally {
  readonly #startedAt = performance.now();
  readonly #played = new Map<Kind, { rounds: number; hits: number }>();
  #retries = 0;
  #collisions = 0;

  count(kind: Kind, hit: boolean, runners: readonly Runner[]): void {
    const { rounds: played, hits } = this.#played.get(kind) ?? { rounds: 0, hits: 0 };
    this.#played.set(kind, { rounds: played + 1, hits: hits + (hit ? 1 : 0) });
    const retries = runners.flatMap((runner) => runner.retries);
    this.#retries += retries.length;
    this.#collisions += retries.filter(({ reason }) =>
      /another runner|ledger has changed/.test(reason),
    ).length;
  }

  hitsOf(kind: Kind): number {
    return this.#played.get(kind)?.hits ?? 0;
  }

  line(): string {
    const parts = [...this.#played].map(
      ([kind, { rounds: played, hits }]) => `${kind} ${hits}/${played}`,
    );
    const seconds = Math.round((performance.now() - this.#startedAt) / 1_000);
    return `chaos: CHAOS_SEED=${seed}, ${rounds} rounds in ${seconds} s, hits ${parts.join(", ")}; ${this.#retries} retries, ${this.#collisions} of them for another runner`;
  }
}

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { RolloutEvent } from "../../src/core/events.ts";
import { lockKey } from "../../src/postgres/lock.ts";
import type { RolloutSummary } from "../../src/report/migrate.ts";
import { type CliResult, ended, startCli } from "../support/cli.ts";
import {
  createCountingProject,
  expectEverythingOnce,
  migrationCount,
} from "../support/counting-fleet.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";

const runners = 5;

function tenantsOf(length: number): string[] {
  return Array.from({ length }, (_, index) => `t${index}`);
}

type Line = RolloutEvent | ({ readonly type: "summary" } & RolloutSummary);

/** A runner and its output so far. */
interface Runner {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  readonly lines: readonly Line[];
}

function startRunner(project: string): Runner {
  const child = startCli(project, ["migrate", "--json"]);
  const lines: Line[] = [];
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const whole = `${rest}${chunk}`.split("\n");
    rest = whole.pop() ?? "";
    lines.push(...whole.map((line) => JSON.parse(line) as Line));
  });
  return { child, lines, result: ended(child) };
}

function startRunners(project: string): Runner[] {
  return Array.from({ length: runners }, () => startRunner(project));
}

/** Checks that all runners succeeded without a failed target, and together applied everything exactly once. */
async function expectSharedWork(all: readonly Runner[], targets: number): Promise<number[]> {
  for (const { result } of all) expect(await result).toMatchObject({ code: 0, stderr: "" });
  const summaries = all.flatMap(({ lines }) => lines.filter((line) => line.type === "summary"));
  expect(summaries).toHaveLength(runners);
  for (const summary of summaries)
    expect(summary).toMatchObject({ targets, failed: 0, inDoubt: 0, notExecuted: 0 });
  const applied = summaries.map((summary) => summary.applied);
  expect(applied.reduce((sum, count) => sum + count, 0)).toBe(targets * migrationCount);
  return applied;
}

interface Wait {
  readonly query: string;
  readonly lock: string;
}

/**
 * Samples the runners' backends until they are done, and collects those that wait for each other. A backend's query,
 * lock and blockers are read one after the other, so only the kind of lock is certain.
 */
async function watch(database: TestDatabase, all: readonly Runner[]) {
  const watcher = await database.connect();
  const waits: Wait[] = [];
  let looks = 0;
  let mostBackends = 0;
  let over = false;
  void Promise.all(all.map(({ result }) => result)).then(() => {
    over = true;
  });
  for (; !over; looks += 1) {
    const { rows } = await watcher.query<Wait & { waits: boolean | null }>(
      `WITH backends AS (
         SELECT a.pid, a.query, (SELECT locktype FROM pg_locks l WHERE l.pid = a.pid AND NOT granted LIMIT 1) AS lock
         FROM pg_stat_activity a WHERE datname = current_database() AND application_name = 'drizzle-fleet')
       SELECT query, lock, lock = 'advisory' OR lock IS NOT NULL AND pg_blocking_pids(pid) && ARRAY(SELECT pid FROM backends) AS waits
       FROM backends`,
    );
    mostBackends = Math.max(mostBackends, rows.length);
    waits.push(...rows.filter((row) => row.waits));
    await sleep(2);
  }
  return { waits, looks, mostBackends };
}

/**
 * Waits that PostgreSQL itself causes: a concurrent index build waits for all older transactions of the database, even
 * those of other tenants, and a backend that extends a catalog waits for others that do the same.
 */
function isPostgresOwn({ lock }: Wait): boolean {
  return lock === "virtualxid" || lock === "extend";
}

test("five runners apply every migration once per tenant, and none waits for a tenant of another", {
  timeout: 120_000,
}, async () => {
  const tenants = tenantsOf(60);
  const database = await createDatabase();
  const all = startRunners(await createCountingProject(database, tenants));
  const { waits, looks, mostBackends } = await watch(database, all);
  const applied = await expectSharedWork(all, tenants.length);
  expect(waits.filter((wait) => !isPostgresOwn(wait))).toEqual([]);
  expect(looks).toBeGreaterThan(50);
  expect(mostBackends).toBeGreaterThan(4);
  expect(applied.filter((count) => count > 0).length).toBeGreaterThan(1);
  await expectEverythingOnce(database, tenants);
});

test("a tenant that is locked does not delay the others, and is migrated when it is released", {
  timeout: 120_000,
}, async () => {
  const tenants = tenantsOf(30);
  const database = await createDatabase();
  // With one worker and a lock timeout longer than the test, a runner that waited for a lock would make no progress.
  const patient = { concurrency: 1, timeouts: { lock: 120_000 } };
  const project = await createCountingProject(database, tenants, patient);
  const [held = "", ...others] = tenants;
  const holder = await database.connect();
  await holder.query("SELECT pg_advisory_lock($1)", [lockKey(`app_${held}`)]);

  const all = startRunners(project);
  const endedBy = ({ lines }: Runner) =>
    lines.flatMap((line) => (line.type === "targetEnded" ? [line.outcome.target.tenant] : []));
  const retriedBy = ({ lines }: Runner) =>
    lines.flatMap((line) => (line.type === "targetRetried" ? [line.target.tenant] : []));
  await expect
    .poll(() => all.map((runner) => endedBy(runner).length), { timeout: 90_000 })
    .toEqual(all.map(() => others.length));
  for (const runner of all) {
    expect(endedBy(runner).sort()).toEqual(others.toSorted());
    expect(runner.child.exitCode).toBeNull();
    expect(retriedBy(runner)).toContain(held);
  }
  expect(
    await database.query(`SELECT FROM pg_namespace WHERE nspname = $1`, [`app_${held}`]),
  ).toEqual([]);

  await holder.query("SELECT pg_advisory_unlock_all()");
  await expectSharedWork(all, tenants.length);
  await expectEverythingOnce(database, tenants);
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { run } from "../support/cli.ts";
import { toolPath } from "../support/helm.ts";
import type { Pod } from "../support/kubernetes/pods.ts";
import { type Shop, scenario, scenarioTable, wait } from "../support/kubernetes/shop.ts";
import { later } from "../support/later.ts";
import { repository } from "../support/repository.ts";

const row = `INSERT INTO "t" VALUES (1);`;
const good = { "0001_row": row };
const bad = { "0001_row": `CREATE TABLE "t" ();` };

/** A migration that takes until the test ends it. */
const slow = { "0001_row": `${row}\n--> statement-breakpoint\n${wait}` };

const once = { acme: "1,2", globex: "1,2" };
const before = { acme: "0,1", globex: "0,1" };

afterAll(() => console.log(`\n${scenarioTable()}\n`));

/** Waits until a number of Pods has been started and a number of migrations waits, and returns the newest Pod. */
async function untilWaiting({ database, cluster }: Shop, pods = 1, migrations = 1): Promise<Pod> {
  const started = () =>
    cluster.controller.allPods.filter(({ startedAt }) => startedAt < Number.POSITIVE_INFINITY);
  const sleeping = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`;
  const found = async () =>
    started().length >= pods && (await database.query(sleeping)).length >= migrations;
  await vi.waitUntil(found, { timeout: 25_000 });
  const [pod] = started().slice(-1);
  if (pod === undefined) throw new Error("no Pod was started");
  return pod;
}

/** Expects that an upgrade succeeds. Returns what Helm wrote. */
async function expectUpgraded(shop: Shop, version: string, ...options: string[]): Promise<string> {
  const upgraded = await shop.upgrade(version, ...options);
  expect(upgraded, upgraded.stderr).toMatchObject({ code: 0 });
  expect(shop.version()).toBe(version);
  return upgraded.stdout;
}

/** Expects that an upgrade is refused, and the application keeps version 1. Returns what Helm wrote. */
async function expectBlocked(shop: Shop, version: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await shop.upgrade(version, ...options);
  expect(code).toBe(1);
  expect(shop.version()).toBe("1");
  return stdout + stderr;
}

test(
  "a good migration is applied before the application changes",
  scenario("success", {}, async (shop) => {
    await shop.build(good);
    const notes = await expectUpgraded(shop, "2", "--render-subchart-notes");
    expect(notes).toContain("kubectl logs --namespace default job/shop-migrations\n");
    expect(await shop.data()).toEqual(once);
    const { changes } = shop.cluster.store;
    const done = changes.findLastIndex(({ object }) => object.status?.succeeded === 1);
    const changed = changes.findLastIndex(({ object }) => object.data?.version === "2");
    expect(done).toBeGreaterThan(0);
    expect(changed).toBeGreaterThan(done);
    return "upgraded";
  }),
);

test(
  "a failing migration blocks the upgrade, is not retried, and Helm shows its error; the next upgrade is not in its way",
  scenario("failing migration, then a fixed one", {}, async (shop) => {
    await shop.build(bad);
    const output = await expectBlocked(shop, "2");
    expect(output).toMatch(/relation \\?"t\\?" already exists/);
    expect(output).toContain("pre-upgrade hooks failed");
    expect(await shop.exits()).toEqual([5]);
    expect(shop.cluster.store.get("jobs", "shop-migrations")?.status.conditions).toContainEqual(
      expect.objectContaining({ type: "Failed", reason: "PodFailurePolicy" }),
    );
    const { stdout } = await shop.cluster.kubectl("logs", "job/shop-migrations");
    expect(stdout).toContain(`relation "t" already exists`);
    await shop.build(good);
    await expectUpgraded(shop, "3");
    expect(await shop.data()).toEqual(once);
    return "blocked, upgraded";
  }),
);

test(
  "invalid usage is not retried",
  scenario("exit code 2", {}, async (shop) => {
    const output = await expectBlocked(shop, "2", "--set", "migrations.args[0]=--no-such-option");
    expect(output).toContain("--no-such-option");
    expect(await shop.exits()).toEqual([2]);
    return "blocked";
  }),
);

describe("a database that cannot be reached", () => {
  const impatient = ["--set", "migrations.waitForDatabase=400ms"];

  test(
    "is tried again, and the upgrade succeeds when it comes up",
    scenario("database comes up late", { gated: true }, async (shop) => {
      await shop.build(good);
      const stop = shop.cluster.store.listen(({ resource, object }) => {
        if (resource === "jobs" && object.status?.failed === 2) {
          stop();
          void shop.gate.open();
        }
      });
      await expectUpgraded(shop, "2", ...impatient);
      expect((await shop.exits()).slice(0, 2)).toEqual([1, 1]);
      expect(await shop.data()).toEqual(once);
      return "upgraded";
    }),
  );

  test(
    "is tried three more times, then the upgrade is blocked",
    scenario("database never comes up", { gated: true }, async (shop) => {
      await shop.build(good);
      const output = await expectBlocked(shop, "2", ...impatient);
      expect(output).toContain("ECONNREFUSED");
      expect(await shop.exits()).toEqual([1, 1, 1, 1]);
      expect(await shop.data()).toEqual(before);
      return "blocked";
    }),
  );
});

describe("overlapping runners", () => {
  test(
    "after Helm's timeout the Job runs on, the next upgrade replaces it, and each migration is applied once",
    scenario("timeout, then another upgrade", {}, async (shop) => {
      await shop.build(slow);
      const output = await expectBlocked(shop, "2", "--timeout", "1s");
      expect(output).toMatch(/deadline exceeded|timed out/);
      const first = await untilWaiting(shop);
      expect(first.isRunning).toBe(true);
      const upgrade = expectUpgraded(shop, "3");
      const second = await untilWaiting(shop, 2);
      await shop.finish();
      await upgrade;
      expect(second.startedAt).toBeLessThan(first.endedAt);
      expect(await shop.exits()).toEqual([130, 0]);
      expect(first.output).toContain("Stopping: no new migrations start");
      expect(await shop.data()).toEqual(once);
      return "blocked, upgraded";
    }),
  );

  const tenants = Array.from({ length: 12 }, (_, index) => `t${index}`);

  test(
    "a run by hand and an upgrade share the work",
    scenario("two runners at once", { tenants }, async (shop) => {
      await shop.build({ ...slow, "0002_more": row });
      const manual = ["--from=cronjob/shop-migrations-manual", "--dry-run=client", "-o", "json"];
      const { stdout } = await shop.cluster.kubectl("create", "job", "by-hand", ...manual);
      shop.cluster.store.put("jobs", JSON.parse(stdout));
      await untilWaiting(shop);
      const upgrade = expectUpgraded(shop, "2");
      // One runner has at most four migrations under way.
      await untilWaiting(shop, 2, 5);
      await shop.finish();
      await upgrade;
      expect(await shop.exits()).toEqual([0, 0]);
      expect(await shop.data()).toEqual(Object.fromEntries(tenants.map((name) => [name, "2,3"])));
      const [one, other] = shop.cluster.controller.allPods;
      expect(other?.startedAt).toBeLessThan(one?.endedAt ?? 0);
      for (const pod of [one, other]) expect(pod?.output).toMatch(/: succeeded, \d applied/);
      return "both done";
    }),
  );
});

describe("a new release", () => {
  const fresh = { installed: false, gated: true };

  test(
    "waits for a database that is not up yet",
    scenario("fresh install, database not yet up", fresh, async (shop) => {
      later(2_000, () => shop.gate.open());
      await expectUpgraded(shop, "1", "--set", "migrations.waitForDatabase=20s");
      expect(await shop.exits()).toEqual([0]);
      expect(await shop.data()).toEqual(before);
      return "installed";
    }),
  );

  test(
    "that contains the database migrates after its objects are created",
    scenario("fresh install with the database, post-install", fresh, async (shop) => {
      shop.cluster.store.listen(({ type, object }) => {
        if (type === "ADDED" && object.metadata.name === "shop-app") void shop.gate.open();
      });
      await expectUpgraded(shop, "1", "--set", "migrations.hooks.install=post-install");
      expect(await shop.exits()).toEqual([0]);
      expect(await shop.data()).toEqual(before);
      return "installed";
    }),
  );

  test(
    "can leave migrations to its upgrades",
    scenario("fresh install without migrations", { installed: false }, async (shop) => {
      await expectUpgraded(shop, "1", "--set", "migrations.hooks.install=none");
      expect(await shop.exits()).toEqual([]);
      await expectUpgraded(shop, "2", "--set", "migrations.hooks.install=none");
      expect(await shop.exits()).toEqual([0]);
      return "installed";
    }),
  );
});

describe("a missing Secret", () => {
  test(
    "is reported at once",
    scenario("missing Secret", { secret: false }, async (shop) => {
      const output = await expectBlocked(shop, "2");
      expect(output).toContain("the Secret shop-database does not exist in the namespace default");
      shop.cluster.addSecret("shop-database", { url: shop.database.url });
      expect(await expectBlocked(shop, "2")).toContain("has no key uri");
      expect(await shop.exits()).toEqual([]);
      return "blocked";
    }),
  );

  test(
    "that is not looked up ends at Helm's timeout",
    scenario("missing Secret, not looked up", { secret: false }, async (shop) => {
      const options = ["--timeout", "1s", "--set", "migrations.hooks.checkSecrets=false"];
      expect(await expectBlocked(shop, "2", ...options)).toMatch(/deadline exceeded|timed out/);
      const [pod] = shop.cluster.store.list("pods", ({ status }) => status.phase === "Pending");
      expect(pod?.status.containerStatuses[0].state.waiting).toEqual({
        reason: "CreateContainerConfigError",
        message: 'secrets "shop-database" not found',
      });
      // As soon as it exists, the waiting Pod continues.
      await shop.build(good);
      shop.cluster.addSecret("shop-database", { uri: shop.database.url });
      expect(await shop.exits()).toEqual([0]);
      await expectUpgraded(shop, "3");
      return "blocked, upgraded";
    }),
  );
});

test(
  "a Pod that is evicted is replaced, and is no failed attempt",
  scenario("evicted", {}, async (shop) => {
    await shop.build(slow);
    const set = "migrations.backoffLimit=0,migrations.terminationGracePeriodSeconds=11";
    const upgrade = expectUpgraded(shop, "2", "--set", set);
    const pod = await untilWaiting(shop);
    await pod.evict();
    await shop.finish();
    await upgrade;
    expect(await shop.exits()).toEqual([130, 0]);
    expect(pod.output).toContain("Cancelling the running migrations");
    expect(await shop.data()).toEqual(once);
    return "upgraded";
  }),
);

test(
  "a run that takes longer than activeDeadlineSeconds is ended",
  scenario("activeDeadlineSeconds", {}, async (shop) => {
    await shop.build(slow);
    const set = "migrations.activeDeadlineSeconds=3,migrations.terminationGracePeriodSeconds=11";
    expect(await expectBlocked(shop, "2", "--set", set)).toContain("Job Failed");
    expect(shop.cluster.store.get("jobs", "shop-migrations")?.status.conditions).toContainEqual(
      expect.objectContaining({ type: "Failed", reason: "DeadlineExceeded" }),
    );
    expect(await shop.exits()).toEqual([130]);
    expect(await shop.data()).toEqual(before);
    return "blocked";
  }),
);

test(
  "in the mode `job`, each revision has a Job; a failed one does not stop the application",
  scenario("mode job", {}, async (shop) => {
    const options = ["--set", "migrations.mode=job", "--wait", "--wait-for-jobs"];
    await shop.build(bad);
    const failed = await shop.upgrade("2", ...options);
    expect(failed.code).toBe(1);
    expect(shop.version()).toBe("2");
    await shop.build(good);
    await expectUpgraded(shop, "3", ...options);
    expect(await shop.exits()).toEqual([5, 0]);
    expect(await shop.data()).toEqual(once);
    // Helm removes what the last successful revision had: the Job of the failed one stays, with its log.
    await expectUpgraded(shop, "4", ...options);
    const jobs = shop.cluster.store.list("jobs").map(({ metadata }) => metadata.name);
    expect(jobs).toEqual(["shop-migrations", "shop-migrations-2", "shop-migrations-4"]);
    return "failed, upgraded";
  }),
);

test(
  "--rollback-on-failure returns to the version before",
  scenario("--rollback-on-failure", {}, async (shop) => {
    await shop.build(bad);
    const output = await expectBlocked(shop, "2", "--rollback-on-failure");
    expect(output).toContain("rolled back");
    expect(await shop.exits()).toEqual([5]);
    return "rolled back";
  }),
);

/** The shell commands under a heading of the guide. */
async function commandsUnder(heading: string): Promise<string> {
  const page = await readFile(join(repository, "docs/kubernetes.md"), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text).join("");
}

test(
  "the guide's commands run another command by hand, with the same environment",
  scenario("status by hand", {}, async (shop) => {
    await shop.build(good);
    const commands = await commandsUnder("Run by hand");
    const [, pipeline = ""] =
      /^(kubectl create job shop-status .*?filename=-)$/ms.exec(commands) ?? [];
    const command = `PATH="$(dirname ${toolPath("kubectl")}):$PATH"; ${pipeline}`;
    const { stdout, stderr } = await run("/", "sh", ["-c", command], shop.cluster.environment);
    expect(stdout, stderr).toContain("job.batch/shop-status created");
    expect(await shop.exits()).toEqual([0]);
    expect(shop.cluster.controller.allPods[0]?.output).toContain("2 of 2 targets");
    return "done";
  }),
);

import { afterAll, expect, test } from "vitest";
import { type Shop, scenario, scenarioTable } from "../support/kubernetes/shop.ts";

afterAll(() => console.log(`\n${scenarioTable()}\n`));

const databases = JSON.stringify([
  { existingSecret: "shop-database", key: "uri" },
  { existingSecret: "shop-scratch", key: "uri", env: "PROOF_DATABASE_URI" },
]);

/** Upgrades to a release that looks for drift and has the database for replays in a Secret. Returns its notes. */
async function enableDrift(shop: Shop, ...options: string[]): Promise<string> {
  shop.cluster.addSecret("shop-scratch", { uri: shop.database.url });
  const secrets = ["--set-json", `migrations.databases=${databases}`];
  const enabled = ["--set", "migrations.drift.enabled=true", "--render-subchart-notes"];
  const upgraded = await shop.upgrade("2", ...secrets, ...enabled, ...options);
  expect(upgraded, upgraded.stderr).toMatchObject({ code: 0 });
  shop.cluster.controller.forget();
  return upgraded.stdout;
}

/** Runs a Job of the CronJob. Returns the condition with which it ended, and the exit codes of its Pods. */
async function look({ cluster, exits }: Shop, name: string) {
  const from = ["--from=cronjob/shop-migrations-drift", "--dry-run=client", "-o", "json"];
  const { stdout, stderr } = await cluster.kubectl("create", "job", name, ...from);
  expect(stderr).toBe("");
  const ended = new Promise<Record<string, string>>((resolve) => {
    cluster.store.listen(({ resource, object }) => {
      const conditions: Record<string, string>[] = object.status?.conditions ?? [];
      const end = conditions.find(({ type }) => type === "Complete" || type === "Failed");
      if (resource === "jobs" && object.metadata.name === name && end !== undefined) resolve(end);
    });
  });
  const before = cluster.controller.allPods.length;
  cluster.store.put("jobs", JSON.parse(stdout));
  const { type, reason, message } = await ended;
  const pods = cluster.controller.allPods.slice(before);
  const log = pods.map(({ output }) => output).join("");
  return { type, reason, message, codes: (await exits()).slice(before), log };
}

test(
  "the CronJob's Job fails at once, without a retry, if a tenant has drifted, and succeeds when it is repaired",
  scenario("drift", {}, async (shop) => {
    expect(await enableDrift(shop)).toContain(
      "kubectl create job --namespace default shop-migrations-drift-1 --from=cronjob/shop-migrations-drift\n",
    );
    const cron = shop.cluster.store.get("cronjobs", "shop-migrations-drift");
    expect(cron?.spec).toMatchObject({ schedule: "0 5 * * *", concurrencyPolicy: "Forbid" });
    await shop.database.query("ALTER TABLE app_globex.t ADD COLUMN by_hand text");
    const found = await look(shop, "drifted");
    expect(found).toMatchObject({ type: "Failed", reason: "PodFailurePolicy", codes: [4] });
    expect(found.message).toMatch(
      /^Container drift for pod default\/drifted-\w+ failed with exit code 4 /,
    );
    expect(found.log).toContain("column t.by_hand is not expected (dangerous)");
    expect(found.log).toContain("Drift: 1 of 2 targets, in 1 shape; 1 as expected.");
    await shop.database.query("ALTER TABLE app_globex.t DROP COLUMN by_hand");
    const clean = await look(shop, "clean");
    expect(clean).toMatchObject({ type: "Complete", codes: [0] });
    expect(clean.log).toContain("No drift: 2 targets as expected.");
    return "failed, succeeded";
  }),
);

test(
  "a database that cannot be reached is tried again, and an unknown argument is not",
  scenario("drift without a database", {}, async (shop) => {
    const set = "migrations.waitForDatabase=400ms,migrations.drift.backoffLimit=1";
    await enableDrift(shop, "--set", set);
    shop.cluster.addSecret("shop-database", { uri: "postgresql://nobody@127.0.0.1:1/none" });
    const unreachable = await look(shop, "unreachable");
    expect(unreachable).toMatchObject({ reason: "BackoffLimitExceeded", codes: [1, 1] });
    await enableDrift(
      shop,
      "--set",
      "migrations.mode=initContainer,migrations.drift.args[0]=--ful",
    );
    const misused = await look(shop, "misused");
    expect(misused).toMatchObject({ reason: "PodFailurePolicy", codes: [2] });
    expect(misused.log).toContain("unknown option '--ful'");
    return "retried, failed";
  }),
);

import { afterAll, expect, test, vi } from "vitest";
import { run } from "../support/cli.ts";
import { toolPath } from "../support/helm.ts";
import type { Pod } from "../support/kubernetes/pods.ts";
import { type Shop, scenario, scenarioTable } from "../support/kubernetes/shop.ts";
import { later } from "../support/later.ts";

const row = `INSERT INTO "t" VALUES (1);`;
const good = { "0001_row": row };
const slow = (seconds: number) => ({
  "0001_row": `${row}\n--> statement-breakpoint\nSELECT pg_sleep(${seconds});`,
});
const bad = { "0001_row": `CREATE TABLE "t" ();` };

afterAll(() => console.log(`\n${scenarioTable()}\n`));

/** The newest Pod, once its migration sleeps. */
async function untilSleeping({ database, cluster }: Shop, count = 1): Promise<Pod> {
  const sleeping = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`;
  const found = async () => (await database.query(sleeping)).length >= count;
  await vi.waitUntil(found, { timeout: 20_000 });
  const [pod] = cluster.controller.allPods.slice(-1);
  if (pod === undefined) throw new Error("no Pod was started");
  return pod;
}

test(
  "a good migration is applied before the application changes",
  scenario("success", {}, async (shop) => {
    await shop.build(good);
    const upgraded = await shop.upgrade("2");
    expect(upgraded, upgraded.stderr).toMatchObject({ code: 0 });
    expect(shop.version()).toBe("2");
    expect(await shop.data()).toEqual({ acme: "1,2", globex: "1,2" });
    const { changes } = shop.cluster.store;
    const done = changes.findLastIndex(({ object }) => object.status?.succeeded === 1);
    const changed = changes.findLastIndex(({ object }) => object.data?.version === "2");
    expect(done).toBeGreaterThan(0);
    expect(changed).toBeGreaterThan(done);
    return "upgraded";
  }),
);

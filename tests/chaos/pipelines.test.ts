import { expect, test } from "vitest";
import type { TestDatabase } from "../support/database.ts";
import { urlWith } from "../support/database.ts";
import { type Files, history, migrateAll, writeFiles } from "../support/fleet.ts";
import { type Break, BreakingProxy, type Cut } from "../support/proxy.ts";
import { createRandom } from "../support/random.ts";
import { createFleet } from "../support/small-fleet.ts";

const rounds = Math.ceil(Number(process.env.CHAOS_ROUNDS ?? 100) / 4);
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000_000);
const places: readonly Break[] = ["before", "sent", "answered", "partly"];
const tenants = Array.from({ length: 40 }, (_, index) => `t${String(index).padStart(2, "0")}`);

/** Each migration adds a column, which cannot be added twice. */
function migrationsUpTo(round: number): Files {
  const columns = Array.from({ length: round }, (_, index) => index + 1);
  return {
    "0000_things": `CREATE TABLE "things" ("id" integer PRIMARY KEY);`,
    ...Object.fromEntries(
      columns.map((number) => [
        `${String(number).padStart(4, "0")}_column`,
        `ALTER TABLE "things" ADD COLUMN "c${number}" text;`,
      ]),
    ),
  };
}

/** How many entries and columns each tenant has, and whether its ledger is sealed with the same digest as all others. */
async function stateOf(database: TestDatabase): Promise<Set<string>> {
  const states = new Set<string>();
  for (const tenant of tenants) {
    const [row] = await database.query<{ state: string }>(
      `SELECT count(*) || ' entries, ' || (SELECT count(*) - 1 FROM information_schema.columns
           WHERE table_schema = 'app_${tenant}' AND table_name = 'things') || ' columns, seal '
         || coalesce((SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgrelid = 'app_${tenant}.__fleet_ledger'::regclass AND tgname = '__fleet_ledger_edited'), 'none') AS state
       FROM app_${tenant}.__fleet_ledger`,
    );
    states.add(row?.state ?? "");
  }
  return states;
}

test(`${rounds} connections that break while several targets are under way on them`, {
  timeout: rounds * 20_000,
}, async () => {
  console.log(`chaos of pipelines: seed ${seed}`);
  let proxy: BreakingProxy | undefined;
  const { database, project, context } = await createFleet({
    tenants,
    migrations: migrationsUpTo(0),
    settings: { concurrency: 2, targetsPerConnection: 4 },
    addressOf: async ({ url }) => {
      proxy = await BreakingProxy.open(Number(new URL(url).port));
      return urlWith(url, { hostname: "127.0.0.1", port: String(proxy.port) });
    },
  });
  if (proxy === undefined) throw new Error("the fleet has no proxy");
  await migrateAll(context);
  const hits = new Map<Break, number>();
  for (let round = 1; round <= rounds; round += 1) {
    const random = createRandom(seed + round);
    await writeFiles(project, history("drizzle/app", migrationsUpTo(round)));
    const place = places[random.below(places.length)] ?? "sent";
    const orders = Array.from({ length: 1 + random.below(2) }, (): Cut => {
      const lateMs = random.chance(0.3) ? random.below(300) : 0;
      const reset = random.chance(0.5);
      const after = random.below(8);
      return {
        at: "commit",
        underWay: 1 + random.below(3),
        place,
        after,
        share: random.next(),
        reset,
        lateMs,
      };
    });
    const before = proxy.cuts;
    proxy.cutAtMessages(orders);
    const { outcomes } = await migrateAll(context);
    proxy.cutAtMessages([]);
    if (proxy.cuts > before) hits.set(place, (hits.get(place) ?? 0) + 1);
    const label = `round ${round}, cut ${place}`;
    // Retries complete every target; a doubt would be a failure of the runner here.
    expect(new Set(outcomes.map(({ status }) => status)), label).toEqual(new Set(["succeeded"]));
    const states = [...(await stateOf(database))];
    expect(states, label).toHaveLength(1);
    expect(states[0], label).toMatch(
      new RegExp(`^${round + 1} entries, ${round} columns, seal [0-9a-f]{64}$`),
    );
  }
  console.log(
    `rounds that were hit: ${[...hits].map(([place, count]) => `${count} ${place}`).join(", ")}`,
  );
  expect([...hits.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(rounds / 2);
});

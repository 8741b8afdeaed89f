import { expect } from "vitest";
import {
  ChaosFleet,
  chaosTest,
  expectHit,
  somewhereInTheMiddle,
  storyOf,
} from "../support/chaos.ts";
import { head } from "../support/chaos-history.ts";
import { Cluster } from "../support/cluster.ts";

chaosTest("the server of one of two databases stops", async (round) => {
  const [staying, dying] = await Promise.all([Cluster.create(), Cluster.create()]);
  const fleet = await ChaosFleet.create({
    clusters: round.random.chance(0.5) ? { staying, dying } : { dying, staying },
    more: { connectTimeout: 2_000 },
  });
  await fleet.setPace(0.1);
  const runner = fleet.start();
  await somewhereInTheMiddle(round, runner, fleet);
  await dying.stop("immediate");
  expect(await runner.ending).toMatchObject({ how: "ended", code: 1 });
  const counts = await fleet.expectLedgersEqualCatalogs(["staying"]);
  expect([...counts.values()].filter((count) => count !== head)).toEqual([]);
  // The rollout is not complete, and no run reports that it is while one database is down.
  const without = await fleet.run(["migrate", "--failed", "--json"]);
  expect(without.code).toBe(1);
  const last = without.stdout.trim().split("\n").at(-1) ?? "";
  expect(JSON.parse(last)).toMatchObject({ type: expect.stringMatching(/^(summary|error)$/) });
  await dying.start();
  await fleet.expectHonest(runner);
  expectHit(runner);
  round.tell(await storyOf(runner));
  await fleet.afterwards();
});

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import {
  ChaosFleet,
  chaosTest,
  expectHit,
  type Round,
  somewhereInTheMiddle,
  storyOf,
} from "../support/chaos.ts";
import { Cluster } from "../support/cluster.ts";

/** Runs a rollout whose server is down for 30 seconds, with this `connectTimeout` in milliseconds. */
async function runThrough(round: Round, connectTimeout: number, code: number): Promise<void> {
  const cluster = await Cluster.create();
  const fleet = await ChaosFleet.create({
    clusters: { main: cluster },
    more: { connectTimeout },
  });
  await fleet.setPace(0.1);
  const runner = fleet.start();
  await somewhereInTheMiddle(round, runner, fleet);
  await cluster.stop("immediate");
  await sleep(30_000);
  await cluster.start();
  await fleet.expectHonest(runner);
  expectHit(runner);
  round.tell(`connectTimeout ${connectTimeout / 1_000} s: ${await storyOf(runner)}`);
  expect(await runner.ending).toMatchObject({ how: "ended", code });
  await fleet.afterwards();
}

chaosTest(
  "the server is down for 30 seconds, with a longer and a shorter connectTimeout",
  async (round) => {
    await Promise.all([runThrough(round, 90_000, 0), runThrough(round, 5_000, 1)]);
  },
);

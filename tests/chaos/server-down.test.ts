import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { Cluster } from "../support/cluster.ts";
import {
  expectHit,
  type Round,
  somewhereInTheMiddle,
  storyOf,
  WeatherFleet,
  weather,
} from "../support/weather.ts";

/** A rollout whose server is gone for 30 seconds in its middle; waits this many milliseconds for it. */
async function runThrough(round: Round, connectTimeout: number, code: number): Promise<void> {
  const cluster = await Cluster.create();
  const fleet = await WeatherFleet.create({
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

weather(
  "the server is down for 30 seconds, with a timeout that is longer or shorter",
  async (round) => {
    await Promise.all([runThrough(round, 90_000, 0), runThrough(round, 5_000, 1)]);
  },
);

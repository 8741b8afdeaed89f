import { expect } from "vitest";
import { Cluster } from "../support/cluster.ts";
import {
  expectHit,
  somewhereInTheMiddle,
  storyOf,
  WeatherFleet,
  weather,
} from "../support/weather.ts";
import { head } from "../support/weather-history.ts";

weather("one of two databases dies", async (round) => {
  const [staying, dying] = await Promise.all([Cluster.create(), Cluster.create()]);
  const fleet = await WeatherFleet.create({
    clusters: round.random.chance(0.5) ? { staying, dying } : { dying, staying },
    more: { connectTimeout: 2_000 },
  });
  await fleet.setPace(0.1);
  const runner = fleet.start();
  await somewhereInTheMiddle(round, runner, fleet);
  await dying.stop("immediate");
  expect(await runner.ending).toMatchObject({ how: "ended", code: 1 });
  const standing = await fleet.expectLedgersEqualCatalogs(["staying"]);
  expect([...standing.values()].filter((count) => count !== head)).toEqual([]);
  // The job is not finished, and no run says that it is while the database is away.
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

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import {
  ChaosFleet,
  chaosTest,
  type Round,
  somewhereInTheMiddle,
  storyOf,
  untilAsleep,
} from "../support/chaos.ts";
import { Cluster } from "../support/cluster.ts";
import type { Runner } from "../support/runner.ts";

const graceMs = 10_000;

/** Sends SIGTERM to a run while each migration takes this many seconds, and SIGKILL after the grace period. */
async function terminate(round: Round, fleet: ChaosFleet, seconds: number): Promise<Runner> {
  await fleet.setPace(0.1);
  const runner = fleet.start();
  await somewhereInTheMiddle(round, runner, fleet);
  await fleet.setPace(seconds);
  await fleet.use(untilAsleep);
  runner.kill("SIGTERM");
  const grace = new AbortController();
  const killing = sleep(graceMs, undefined, { signal: grace.signal })
    .then(() => runner.kill())
    .catch(() => undefined);
  await runner.ending;
  grace.abort();
  await killing;
  await fleet.expectHonest(runner);
  return runner;
}

chaosTest("the runner gets SIGTERM, and SIGKILL 10 seconds later", async (round) => {
  const cluster = await Cluster.create();
  const [short, long] = await Promise.all([
    ChaosFleet.create({ clusters: { short: cluster } }),
    ChaosFleet.create({ clusters: { long: cluster } }),
  ]);
  const [ended, killed] = await Promise.all([
    terminate(round, short, 3),
    terminate(round, long, 60),
  ]);
  round.tell(`migrations of 3 s: ${await storyOf(ended)}`);
  round.tell(`migrations of 60 s: ${await storyOf(killed)}`);
  expect(await ended.ending).toMatchObject({ how: "ended", code: 130 });
  expect(await killed.ending).toMatchObject({ how: "killed" });
  await short.afterwards();
  await long.afterwards();
});

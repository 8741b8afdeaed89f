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
import { SilentProxy } from "../support/silent-proxy.ts";

/** Runs a rollout whose connections go silent: they stay open, but nothing arrives, as after a NAT dropped them. */
async function silence(
  round: Round,
  fleet: ChaosFleet,
  name: string,
  proxy: SilentProxy,
  silenced: (proxy: SilentProxy) => void,
): Promise<number | undefined> {
  await fleet.setPace(0.1);
  const runner = fleet.start({ [name]: proxy.port });
  await somewhereInTheMiddle(round, runner, fleet);
  silenced(proxy);
  const ending = await runner.ending;
  await fleet.expectHonest(runner);
  expectHit(runner);
  round.tell(`${name}: ${await storyOf(runner)}`);
  return ending.how === "ended" ? ending.code : undefined;
}

chaosTest("open connections go silent; new ones work, or go silent too", async (round) => {
  const cluster = await Cluster.create();
  const more = { connectTimeout: 2_000, timeouts: { statement: 1_000, concurrently: 5_000 } };
  const names = ["passing", "lasting"];
  const [passing, lasting] = await Promise.all(
    names.map((name) => ChaosFleet.create({ clusters: { [name]: cluster }, more })),
  );
  const proxies = await Promise.all(names.map((name) => SilentProxy.open(cluster.urlOf(name))));
  const [first, second] = proxies;
  if (!passing || !lasting || !first || !second) throw new Error("two fleets were made");
  const codes = await Promise.all([
    silence(round, passing, "passing", first, (proxy) => proxy.silence()),
    silence(round, lasting, "lasting", second, (proxy) => proxy.silenceForGood()),
  ]);
  expect(codes).toEqual([0, 1]);
  // After a while, the server closes a silent connection, and releases the target that it holds.
  const letGo = sleep(3_000).then(() => {
    first.forget();
    second.forget();
  });
  await lasting.afterwards();
  await passing.afterwards();
  await letGo;
});

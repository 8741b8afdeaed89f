import { setTimeout as sleep } from "node:timers/promises";
import {
  ChaosFleet,
  chaosTest,
  expectHit,
  type Round,
  somewhereInTheMiddle,
  storyOf,
} from "../support/chaos.ts";
import { Cluster } from "../support/cluster.ts";
import { BreakingProxy } from "../support/proxy.ts";
import type { Runner } from "../support/runner.ts";

/** Creates a fleet with a standby, and a proxy that leads to the current primary. */
async function createPair(settings: Readonly<Record<string, string>> = {}) {
  const primary = await Cluster.create();
  const fleet = await ChaosFleet.create({ clusters: { main: primary } });
  const standby = await primary.createStandby();
  await primary.configure(settings);
  const proxy = await BreakingProxy.open(primary.port);
  await fleet.setPace(0.1);
  return { primary, standby, fleet, proxy };
}

type Pair = Awaited<ReturnType<typeof createPair>>;

/** Crashes the primary during a rollout, and promotes the standby. */
async function failOver({ primary, standby, fleet, proxy }: Pair, early: boolean): Promise<void> {
  await primary.stop("immediate");
  fleet.moveTo("main", standby);
  if (early) {
    proxy.leadTo(standby.port);
    await sleep(2_000);
  }
  await standby.promote();
  proxy.leadTo(standby.port);
}

async function runInto(round: Round, { fleet, proxy }: Pair): Promise<Runner> {
  const runner = fleet.start({ main: proxy.port });
  await somewhereInTheMiddle(round, runner, fleet);
  return runner;
}

for (const early of [false, true]) {
  const when = early ? "before its promotion" : "after its promotion";
  chaosTest(`the primary is lost, and the address leads to the standby ${when}`, async (round) => {
    // With synchronous replication, everything that the primary confirms is on the standby.
    const pair = await createPair({ synchronous_standby_names: "standby" });
    const runner = await runInto(round, pair);
    await failOver(pair, early);
    await pair.fleet.expectHonest(runner);
    expectHit(runner);
    round.tell(await storyOf(runner));
    await pair.fleet.afterwards({ main: pair.proxy.port });
  });
}

chaosTest("the primary is lost, and the standby lacks its last transactions", async (round) => {
  const pair = await createPair();
  const runner = await runInto(round, pair);
  await pair.standby.configure({ primary_conninfo: "" });
  const applied = runner.applied;
  await runner.until(() => runner.applied >= applied + 8);
  await failOver(pair, false);
  await runner.ending;
  round.tell(await storyOf(runner));
  await pair.fleet.afterwards({ main: pair.proxy.port });
});

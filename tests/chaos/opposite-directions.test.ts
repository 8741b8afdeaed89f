import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { ChaosFleet, chaosTest, type Round, storyOf } from "../support/chaos.ts";
import { Cluster } from "../support/cluster.ts";

const rounds = 3;

/** Where all tenants start: `migrate` has one migration to apply, and `downgrade` one to revert. */
const middle = "0007";
const below = "0006";

chaosTest(`migrate and downgrade run at the same time, ${rounds} times`, async (round) => {
  const cluster = await Cluster.create();
  const fleet = await ChaosFleet.create({ clusters: { main: cluster } });
  for (let left = rounds; left > 0; left -= 1) {
    await fleet.setPace(0);
    await bringToTheMiddle(fleet);
    await fleet.setPace(0.2);
    await runBoth(round, fleet);
  }
  await fleet.setPace(0);
  // The command that was refused is run again, as its error says.
  expect(await fleet.run(["migrate"])).toMatchObject({ code: 0 });
  await fleet.afterwards();
});

async function bringToTheMiddle(fleet: ChaosFleet): Promise<void> {
  for (const command of [
    ["migrate", "--to", middle],
    ["downgrade", middle],
  ])
    expect(await fleet.run(command)).toMatchObject({ code: 0 });
}

/** Starts both at nearly the same time. One of them is refused, unless the other has already finished. */
async function runBoth({ random, tell }: Round, fleet: ChaosFleet): Promise<void> {
  const commands = random.shuffled([["migrate"], ["downgrade", below]]);
  const runs = await Promise.all(
    commands.map(async (command, index) => {
      await sleep(index * random.next() * 500);
      const runner = fleet.start({}, command);
      return { command, runner, ending: await runner.ending };
    }),
  );
  const stories = runs.map(
    async ({ command, runner }) => `${command[0]}: ${await storyOf(runner)}`,
  );
  tell((await Promise.all(stories)).join(" | "));
  const counts = await fleet.expectLedgersEqualCatalogs();
  expect(new Set(counts.values()), "different numbers of applied migrations").toHaveLength(1);
  for (const { ending } of runs) {
    if (ending.how === "refused") expect(ending.message).toContain("is under way");
    else expect(ending).toMatchObject({ how: "ended", code: 0 });
  }
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
import { createFolder } from "../support/fleet.ts";
import { toolsBackends } from "../support/leftovers.ts";

/** Changes the role's password during a rollout and terminates its sessions, so that they must reconnect. */
async function rotate(
  round: Round,
  cluster: Cluster,
  fleet: ChaosFleet,
  file?: string,
): Promise<void> {
  await fleet.setPace(0.1);
  const runner = fleet.start();
  await somewhereInTheMiddle(round, runner, fleet);
  if (file !== undefined) await writeFile(file, "rotated\n");
  await cluster.use(async (database) => {
    await database.query(`ALTER ROLE migrator PASSWORD 'rotated'`);
    await database.query(`SELECT pg_terminate_backend(pid) FROM (${toolsBackends}) AS sessions`);
  }, "main");
  await fleet.expectHonest(runner);
  expectHit(runner);
  round.tell(await storyOf(runner));
  const code = file === undefined ? 1 : 0;
  expect(await runner.ending).toMatchObject({ how: "ended", code });
}

chaosTest("the password is rotated, and the password file has the new one", async (round) => {
  const file = join(await createFolder({ password: "migrator\n" }), "password");
  const cluster = await Cluster.create();
  const fleet = await ChaosFleet.create({ clusters: { main: cluster }, passwordFile: file });
  await rotate(round, cluster, fleet, file);
  await fleet.afterwards();
});

chaosTest("the password is rotated, and the runner has only the old one", async (round) => {
  const cluster = await Cluster.create();
  const fleet = await ChaosFleet.create({ clusters: { main: cluster } });
  await rotate(round, cluster, fleet);
  fleet.password = "rotated";
  await fleet.afterwards();
});

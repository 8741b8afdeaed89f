import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { Cluster } from "../support/cluster.ts";
import { createFolder } from "../support/fleet.ts";
import { toolsBackends } from "../support/leftovers.ts";
import {
  expectHit,
  type Round,
  somewhereInTheMiddle,
  storyOf,
  WeatherFleet,
  weather,
} from "../support/weather.ts";

/** Gives the role another password in the middle of a rollout, and ends its sessions, so that all connect anew. */
async function rotate(
  round: Round,
  cluster: Cluster,
  fleet: WeatherFleet,
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

weather("the password is rotated, and its file contains the new one", async (round) => {
  const file = join(await createFolder({ password: "migrator\n" }), "password");
  const cluster = await Cluster.create();
  const fleet = await WeatherFleet.create({ clusters: { main: cluster }, passwordFile: file });
  await rotate(round, cluster, fleet, file);
  await fleet.afterwards();
});

weather("the password is rotated, and the runner has only the old one", async (round) => {
  const cluster = await Cluster.create();
  const fleet = await WeatherFleet.create({ clusters: { main: cluster } });
  await rotate(round, cluster, fleet);
  fleet.password = "rotated";
  await fleet.afterwards();
});

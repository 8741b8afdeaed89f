import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { ChaosFleet, chaosTest, storyOf } from "../support/chaos.ts";
import { Cluster } from "../support/cluster.ts";

/** Mounts a separate file system of this size, which needs root, or sudo without a password. */
async function createDisk(megabytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-disk-"));
  asRoot("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=0777`, "tmpfs", folder);
  onTestFinished(async () => {
    asRoot("umount", "-l", folder);
    await rm(folder, { recursive: true });
  });
  return folder;
}

function asRoot(program: string, ...args: string[]): void {
  if (process.getuid?.() === 0) execFileSync(program, args);
  else execFileSync("sudo", ["-n", program, ...args]);
}

/** Writes a file that leaves this many kilobytes free on a disk. */
async function fill(disk: string, kilobytes: number): Promise<string> {
  const { bavail, bsize } = await statfs(disk);
  const ballast = join(disk, "ballast");
  await writeFile(ballast, Buffer.alloc(Math.max(bavail * bsize - kilobytes * 1_024, 0)));
  return ballast;
}

chaosTest("the disk with the tables fills up", async (round) => {
  const disk = await createDisk(64);
  const cluster = await Cluster.create();
  const fleet = await ChaosFleet.create({ clusters: { main: cluster } });
  const space = join(disk, "space");
  await mkdir(space);
  await cluster.own(space);
  await cluster.use(async (database) => {
    await database.query(`CREATE TABLESPACE tight LOCATION '${space}'`);
    await database.query(`ALTER DATABASE main SET TABLESPACE tight`);
  });
  // Enough space for some tenants.
  const ballast = await fill(disk, 800 + round.random.below(1_200));
  await fleet.setPace(0.05);
  const runner = fleet.start();
  await runner.ending;
  await rm(ballast);
  round.tell(await storyOf(runner));
  await fleet.expectHonest(runner);
  const failures = runner.outcomes.flatMap(({ failure }) => (failure ? [failure] : []));
  expect(failures.map(({ sqlstate }) => sqlstate)).toContain("53100");
  expect(await runner.ending).toMatchObject({ how: "ended", code: 1 });
  await fleet.afterwards();
});

chaosTest("the disk with the write-ahead log fills up", async (round) => {
  const disk = await createDisk(256);
  const cluster = await Cluster.create({
    walFolder: join(disk, "wal"),
    settings: { min_wal_size: "2MB", wal_recycle: "off" },
  });
  const fleet = await ChaosFleet.create({
    clusters: { main: cluster },
    more: { connectTimeout: 3_000 },
  });
  await cluster.use((database) => database.query("SELECT pg_switch_wal()"));
  await cluster.use((database) => database.query("CHECKPOINT"));
  // The server stops when it cannot write its write-ahead log, and does not start until there is space again. A file of
  // the log takes one megabyte. There is space for the rest of the current file, and perhaps for another one.
  const ballast = await fill(disk, 100 + round.random.below(1_600));
  await fleet.setPace(0.05);
  const runner = fleet.start();
  await runner.ending;
  await rm(ballast);
  await cluster.restart();
  expect(await cluster.readLog()).toMatch(/PANIC: .*No space left on device/);
  round.tell(await storyOf(runner));
  await fleet.expectHonest(runner);
  expect(await runner.ending).toMatchObject({ how: "ended", code: 1 });
  await fleet.afterwards();
});

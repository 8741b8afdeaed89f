import { describe, expect, test } from "vitest";
import { createProject, ended, runCli, startCli } from "../support/cli.ts";
import { createCountingProject, expectEverythingOnce } from "../support/counting-fleet.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

const tenants = Array.from({ length: 12 }, (_, index) => `t${index}`);

describe("a runner that is disturbed", () => {
  test("leaves nothing half done if it is killed at any moment", async () => {
    const database = await createDatabase();
    const project = await createCountingProject(database, tenants);
    // The runner is killed after this many events: before the first step, between steps, and near the end.
    let killed = 0;
    for (const events of [1, 2, 5, 9, 14, 20]) {
      const child = startCli(project, ["migrate", "--json"]);
      let seen = 0;
      child.stdout?.on("data", (chunk: Buffer) => {
        seen += chunk.toString().split("\n").length - 1;
        if (seen >= events) child.kill("SIGKILL");
      });
      if ((await ended(child)).code === -1) killed += 1;
    }
    expect(killed).toBeGreaterThanOrEqual(4);
    expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
    await expectEverythingOnce(database, tenants);
  });

  test("continues and succeeds if its backends are terminated", async () => {
    const database = await createDatabase();
    const project = await createCountingProject(database, tenants);
    const child = startCli(project, ["migrate"]);
    const kill = setInterval(() => {
      void database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'drizzle-fleet' AND datname = current_database() AND random() < 0.3`,
      );
    }, 60);
    const stop = setTimeout(() => clearInterval(kill), 2_000);
    const result = await ended(child);
    clearInterval(kill);
    clearTimeout(stop);
    expect(result.stderr).not.toMatch(/TypeError|at .*\.js:/);
    expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
    await expectEverythingOnce(database, tenants);
  });

  test("finishes running migrations after an interruption, begins no other, and reports it", async () => {
    const database = await createDatabase();
    const slow = history("drizzle/app", {
      "0000_slow": `SELECT pg_sleep(0.5);\nCREATE TABLE "t" ("id" integer);`,
    });
    const fleet = appFleet(database.url, tenants, { concurrency: 2 });
    const project = await createProject({
      "drizzle.config.ts": configFile(fleet),
      ...slow,
    });
    const child = startCli(project, ["migrate", "--json"]);
    // When two targets have started, both workers are busy: after SIGINT, no other target may start.
    let heard = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      const before = heard.split('"targetStarted"').length;
      heard += chunk.toString();
      const now = heard.split('"targetStarted"').length;
      if (before <= 2 && now > 2) setTimeout(() => child.kill("SIGINT"), 100);
    });
    const { code, stdout } = await ended(child);
    expect(code).toBe(130);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(summary).toMatchObject({ succeeded: 2, notExecuted: 10, failed: 0 });
  });
});

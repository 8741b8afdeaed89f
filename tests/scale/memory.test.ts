import { expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

/**
 * Runs in the measured process: says at its end how much memory it had at most, in KB. Linux counts that for a
 * program; its maxRSS also counts what the process was before, a copy of the one that started it.
 */
const meter = `import { existsSync, readFileSync, writeSync } from "node:fs";
process.on("exit", () => {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const peak = /VmHWM:\\s+(\\d+) kB/.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  writeSync(2, "peak " + peak + "\\n");
});`;

const migrations = {
  "0000_t": `CREATE TABLE "public"."t" ("id" integer NOT NULL);`,
  "0001_index": `CREATE INDEX "t_id" ON "public"."t" ("id");`,
};

/** The peaks of a run that migrates so many new tenants, and of one that finds them at head, in MB. */
async function peaksFor(count: number): Promise<{ migrating: number; atHead: number }> {
  const database = await createDatabase();
  const tenants = Array.from({ length: count }, (_, index) => `t${index}`);
  const fleet = appFleet(database.url, tenants);
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
  });
  const peakOf = async (verdict: string) => {
    const { code, stdout, stderr } = await runCli(project, ["migrate"], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(meter)}`,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(verdict) });
    return Number(/^peak (\d+)$/m.exec(stderr)?.[1]) / 1024;
  };
  return {
    migrating: await peakOf(`Done: ${2 * count} migrations applied, ${count} targets at head.`),
    atHead: await peakOf(`Nothing to do: ${count} targets at head.`),
  };
}

test("a hundred times as many targets need at most 40 MB more", { timeout: 240_000 }, async () => {
  const few = await peaksFor(30);
  const many = await peaksFor(3_000);
  console.log("peak memory in MB, for 30 and 3,000 targets:", few, many);
  expect(few.migrating).toBeGreaterThan(20);
  expect(many.migrating - few.migrating).toBeLessThanOrEqual(40);
  expect(many.atHead - few.atHead).toBeLessThanOrEqual(40);
});

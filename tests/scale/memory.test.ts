import { expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

/**
 * Runs in the measured process. When it ends, writes the peak memory of objects in use, in KB. It collects garbage before it
 * measures, because the amount of garbage depends on how busy the machine is.
 */
const meter = `import { writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
let peak = 0;
const measure = () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
};
setInterval(measure, 250).unref();
process.on("exit", () => {
  measure();
  writeSync(2, "peak " + Math.round(peak / 1024) + "\\n");
});`;

const migrations = {
  "0000_t": `CREATE TABLE "public"."t" ("id" integer NOT NULL);`,
  "0001_index": `CREATE INDEX "t_id" ON "public"."t" ("id");`,
};

/** The peaks of a run that migrates `count` new tenants, and of one that finds them at head, in MB. */
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

test("3,000 targets take at most 25 MB more memory than 30", { timeout: 240_000 }, async () => {
  const few = await peaksFor(30);
  const many = await peaksFor(3_000);
  console.log("memory in use in MB, for 30 and 3,000 targets:", few, many);
  expect(few.migrating).toBeGreaterThan(5);
  expect(few.atHead).toBeGreaterThan(5);
  expect(many.migrating - few.migrating).toBeLessThanOrEqual(25);
  expect(many.atHead - few.atHead).toBeLessThanOrEqual(25);
});

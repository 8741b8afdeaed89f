import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { ended, run, runCli, start, startCli } from "../support/cli.ts";
import type { TestDatabase } from "../support/database.ts";
import { writeFiles } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";
import { createFleet } from "../support/small-fleet.ts";

const main = join(repository, "dist/cli/main.js");

const slow = { "0000_t": `CREATE TABLE "t" ();`, "0001_slow": `SELECT pg_sleep(2);` };

async function untilSleeping(database: TestDatabase): Promise<void> {
  const sleeping = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`;
  await vi.waitUntil(async () => (await database.query(sleeping)).length > 0, { timeout: 20_000 });
}

test.each(["SIGTERM", "SIGHUP"] as const)(
  "after %s, the running migration finishes and no further one begins",
  async (signal) => {
    const migrations = { ...slow, "0002_next": `CREATE TABLE "next" ();` };
    const { database, project } = await createFleet({
      tenants: ["a", "b"],
      migrations,
      settings: { concurrency: 1 },
    });
    const child = startCli(project, ["migrate", "--json"]);
    const end = ended(child);
    await untilSleeping(database);
    child.kill(signal);
    // Two signals at once, as from a terminal and from npm, count as one; and SIGHUP never cancels.
    child.kill(signal);
    const { code, stdout } = await end;
    expect(code).toBe(130);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.flatMap(({ type, outcome }) => (type === "targetEnded" ? outcome : []))).toEqual([
      expect.objectContaining({ status: "notExecuted", applied: ["0000_t", "0001_slow"] }),
      expect.objectContaining({ status: "notExecuted", applied: [] }),
    ]);
    expect(await database.query(`SELECT tag FROM app_a.__fleet_ledger ORDER BY tag`)).toEqual([
      { tag: "0000_t" },
      { tag: "0001_slow" },
    ]);
    const [rollout] = await database.query(`SELECT ended_at, stopped FROM drizzle_fleet.rollouts`);
    expect(rollout).toEqual({ ended_at: expect.any(Date), stopped: "it was interrupted" });
  },
);

test("after SIGTERM, a statement in batches stops after its batch, and the next run continues it", async () => {
  const { database, project } = await createFleet({
    migrations: {
      "0000_t": `CREATE TABLE "t" ("id" integer PRIMARY KEY, "n" integer NOT NULL);
INSERT INTO "t" SELECT g, 0 FROM generate_series(1, 1000) AS g;`,
      "0001_fill": `-- drizzle-fleet: batch 100 by id\nUPDATE "t" SET "n" = "n" + 1;`,
    },
    settings: { backfill: { pause: 300 } },
  });
  const child = startCli(project, ["migrate"]);
  const end = ended(child);
  const begun = "SELECT FROM app_a.__fleet_ledger WHERE begun";
  await vi.waitUntil(async () => (await database.query(begun).catch(() => [])).length > 0, 20_000);
  child.kill("SIGTERM");
  const { code, stdout } = await end;
  expect(code).toBe(130);
  const rows = /0001_fill is partly applied to 1 target \((\d+) rows so far\)/.exec(stdout)?.[1];
  const changed = () => database.query("SELECT count(*)::int FROM app_a.t WHERE n = 1");
  expect(await changed()).toEqual([{ count: Number(rows) }]);
  const plan = await runCli(project, ["plan"]);
  expect(plan.stdout).toContain(`0001_fill (continues after ${rows} rows)`);
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  expect(await changed()).toEqual([{ count: 1000 }]);
});

test.each([
  ["migrate --json > /dev/full", 1, "error: cannot write to standard output: ENOSPC"],
  ["migrate 2> /dev/full", 0, ""],
  ["migrate --json 2> /dev/full | head -c 1 > /dev/null", 0, ""],
])("a rollout continues when its output is lost: %s", async (command, code, said) => {
  const tenants = ["a", "b", "c"];
  const { database, project } = await createFleet({
    tenants,
    migrations: { "0000_t": `CREATE TABLE "t" ();` },
  });
  const ran = await run(project, "sh", ["-c", `node '${main}' ${command}`]);
  expect(ran).toMatchObject({ code, stderr: expect.stringContaining(said) });
  const made = await database.query(`SELECT FROM pg_class WHERE relname = 't'`);
  expect(made).toHaveLength(3);
});

/** Runs a command in its own terminal. With `exec`, in any shell, the terminal's signal goes to the command. */
function inATerminal(project: string, command: string) {
  return start(project, "env", ["SHELL=/bin/sh", "script", "-qec", command, "/dev/null"]);
}

describe("a rollout whose terminal goes away", () => {
  const outcomes = `SELECT schema, status FROM drizzle_fleet.outcomes ORDER BY schema`;
  const ended = `SELECT stopped FROM drizzle_fleet.rollouts WHERE ended_at IS NOT NULL`;

  test("finishes running migrations after SIGHUP, and is recorded as interrupted", async () => {
    const { database, project } = await createFleet({
      tenants: ["a", "b"],
      migrations: slow,
      settings: { concurrency: 1 },
    });
    const command = `exec node '${main}' migrate`;
    const terminal = inATerminal(project, command);
    await untilSleeping(database);
    terminal.kill("SIGKILL");
    // Meanwhile, the migration finishes.
    const isOver = () => database.query(ended).then(({ length }) => length > 0);
    await vi.waitUntil(() => isOver().catch(() => false), { timeout: 20_000 });
    expect(await database.query(outcomes)).toEqual([
      { schema: "app_a", status: "succeeded" },
      { schema: "app_b", status: "notExecuted" },
    ]);
    expect(await database.query(ended)).toEqual([{ stopped: "it was interrupted" }]);
  });

  test("continues without a signal, and exits with 1 because its report was lost", async () => {
    const { database, project } = await createFleet({
      tenants: ["a", "b"],
      migrations: slow,
      settings: { concurrency: 1 },
    });
    // Here the signal goes to the shell.
    const shell = `trap '' HUP\nnode '${main}' migrate\necho $? > code\n`;
    await writeFiles(project, { "in-a-terminal.sh": shell });
    const terminal = inATerminal(project, "exec sh in-a-terminal.sh");
    await untilSleeping(database);
    terminal.kill("SIGKILL");
    const code = () => readFile(join(project, "code"), "utf8").catch(() => "");
    await vi.waitUntil(async () => (await code()) !== "", { timeout: 20_000 });
    expect(await code()).toBe("1\n");
    expect(await database.query(outcomes)).toEqual([
      { schema: "app_a", status: "succeeded" },
      { schema: "app_b", status: "succeeded" },
    ]);
    expect(await database.query(ended)).toEqual([{ stopped: null }]);
  });
});

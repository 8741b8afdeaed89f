import { expect, test, vi } from "vitest";
import { ended, runCli, startCli } from "../support/cli.ts";
import { configFile, history, writeFiles } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

// What a Kubernetes Job, an init container and a CI job rely on: exit codes, waiting, and the end after one signal.

const table = { "0000_t": `CREATE TABLE "t" ("id" integer);` };
const failing = { ...table, "0001_fails": `ALTER TABLE "t" ALTER COLUMN "id" SET NOT NULL;` };

/** A fleet at `0000_t` in which `0001_fails` fails for some tenants. */
async function createFailing(tenants: string[], bad: readonly string[]) {
  const fleet = await createFleet({ tenants, migrations: table });
  expect(await runCli(fleet.project, ["migrate"])).toMatchObject({ code: 0 });
  for (const tenant of bad) await fleet.database.query(`INSERT INTO app_${tenant}.t VALUES (NULL)`);
  await writeFiles(fleet.project, history("drizzle/app", failing));
  return fleet;
}

function lastLine(stdout: string): unknown {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

test("a migration's own error ends with 5, with or without targets that were not run because of it", async () => {
  const { project } = await createFailing(["a", "b"], ["a"]);
  const run = await runCli(project, ["migrate", "--canary", "a", "--json"]);
  expect(run.code).toBe(5);
  expect(lastLine(run.stdout)).toMatchObject({
    failed: 1,
    notExecuted: 1,
    failures: [{ sqlstate: "23502", retryable: false }],
  });
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 5 });
});

test("problems of a target end with 5: an edited, an unknown and an unmanaged one", async () => {
  const { database, project } = await createFleet({ tenants: ["a", "b", "c"], migrations: table });
  await runCli(project, ["migrate"]);
  await database.query(`UPDATE app_a.__fleet_ledger SET checksum = 'other'`);
  await database.query(`UPDATE app_b.__fleet_ledger SET tag = '0000_other', checksum = 'other'`);
  await database.query(`DROP TABLE app_c.__fleet_ledger`);
  for (const tenant of ["a", "b", "c"])
    expect({ tenant, ...(await runCli(project, ["migrate", "--tenant", tenant])) }).toMatchObject({
      tenant,
      code: 5,
    });
  expect(await runCli(project, ["plan"])).toMatchObject({ code: 5 });
});

test("a lock ends with 1, also beside a failure that a retry cannot help", async () => {
  const { database, project } = await createFailing(["a", "b"], ["a"]);
  await database.query(`BEGIN; LOCK TABLE app_b.t`);
  const run = await runCli(project, ["migrate", "--lock-timeout", "50ms", "--json"]);
  await database.query(`ROLLBACK`);
  expect(run.code).toBe(1);
  expect(lastLine(run.stdout)).toMatchObject({ failed: 2 });
  // With the lock released, only the migration's own error is left.
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 5 });
});

test("an unreachable database ends with 1", async () => {
  const { project } = await createFleet({ tenants: ["a"], migrations: table });
  await writeFiles(project, { "drizzle.config.ts": configAt("postgres://127.0.0.1:1/none") });
  const run = await runCli(project, ["migrate", "--connect-timeout", "100ms"]);
  expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining("within 0.1 s") });
});

test("--accept-failures ends with 0 if no more targets failed, and says so", async () => {
  const { project } = await createFailing(["a", "b", "c", "d"], ["a"]);
  const over = await runCli(project, ["migrate", "--accept-failures", "24%", "--json"]);
  expect(over.code).toBe(5);
  expect(lastLine(over.stdout)).toMatchObject({ failed: 1, accepted: false });
  const within = await runCli(project, ["migrate", "--accept-failures", "1"]);
  expect(within.code).toBe(0);
  expect(within.stdout).toContain("1 of 4 targets failed (accepted: up to 1).");
  expect(within.stdout).toContain("0001_fails");
});

test("--accept-failures does not accept targets that were not run", async () => {
  const { project } = await createFailing(["a", "b", "c"], ["a"]);
  const options = ["--canary", "a", "--accept-failures", "3"];
  expect(await runCli(project, ["migrate", ...options])).toMatchObject({ code: 5 });
});

test("status --exit-code ends with 3 while a target is behind or has a problem", async () => {
  const { database, project } = await createFleet({ tenants: ["a"], migrations: table });
  expect(await runCli(project, ["status"])).toMatchObject({ code: 0 });
  expect(await runCli(project, ["status", "--exit-code"])).toMatchObject({ code: 3 });
  await runCli(project, ["migrate"]);
  expect(await runCli(project, ["status", "--exit-code"])).toMatchObject({ code: 0 });
  await database.query(`UPDATE app_a.__fleet_ledger SET checksum = 'other'`);
  expect(await runCli(project, ["status", "--exit-code"])).toMatchObject({ code: 3 });
});

test("wait ends when another process has migrated the last target", async () => {
  const { project } = await createFleet({ tenants: ["a", "b"], migrations: table });
  const child = startCli(project, ["wait", "--timeout", "60s"]);
  const end = ended(child);
  await untilSaid(child, "waiting: 2 of 2 targets not ready, such as app/a (1 migration pending)");
  await runCli(project, ["migrate"]);
  expect(await end).toMatchObject({
    code: 0,
    stdout: "Ready: 2 targets have all migrations of this checkout.\n",
  });
});

test("wait ends with 1 at its timeout, and names what is missing", async () => {
  const { project } = await createFleet({ tenants: ["a", "b"], migrations: table });
  await runCli(project, ["migrate", "--tenant", "a"]);
  const run = await runCli(project, ["wait", "--timeout", "200ms"]);
  expect(run.code).toBe(1);
  expect(run.stdout).toMatch(
    /app\/b[\s\S]*Not at head: 1 of 2 targets\.[\s\S]*Not ready after 200 ms\./,
  );
  expect(run.stdout).not.toContain("app/a");
  expect(
    await runCli(project, ["wait", "--timeout", "0s", "--accept-failures", "50%"]),
  ).toMatchObject({
    code: 0,
    stdout: "Ready: 1 of 2 targets have all migrations of this checkout.\n",
  });
});

test("wait counts a target with newer migrations, so that an earlier release can restart", async () => {
  const { project } = await createFleet({
    tenants: ["a"],
    migrations: { ...table, "0001_newer": `CREATE TABLE "newer" ();` },
  });
  await runCli(project, ["migrate"]);
  await writeFiles(project, history("drizzle/app", table));
  expect(await runCli(project, ["status", "--exit-code"])).toMatchObject({ code: 3 });
  expect(await runCli(project, ["wait", "--timeout", "0s"])).toMatchObject({ code: 0 });
});

test("wait waits for a server and for a host name, and a wrong configuration ends it at once", async () => {
  const { project } = await createFleet({ tenants: ["a"], migrations: table });
  for (const url of ["postgres://127.0.0.1:1/none", "postgres://no-such-host.invalid/none"]) {
    await writeFiles(project, { "drizzle.config.ts": configAt(url) });
    const run = await runCli(project, ["wait", "--timeout", "300ms", "--json"]);
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      ready: false,
      error: expect.stringContaining("did not accept a connection within 0.3 s"),
    });
  }
  await writeFiles(project, { "drizzle.config.ts": "export default {}" });
  expect(await runCli(project, ["wait"])).toMatchObject({ code: 2 });
});

const slow = { "0000_slow": `SELECT pg_sleep(30);` };

test("after one signal, --grace lets a migration run for so long, and then cancels it", async () => {
  const { database, project } = await createFleet({ tenants: ["a"], migrations: slow });
  const child = startCli(project, ["migrate", "--grace", "300ms"]);
  const end = ended(child);
  const sleeping = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`;
  await vi.waitUntil(async () => (await database.query(sleeping)).length > 0, { timeout: 20_000 });
  const since = performance.now();
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await end;
  // Well before the migration's 30 seconds.
  expect(performance.now() - since).toBeLessThan(15_000);
  expect(code).toBe(130);
  expect(stderr).toContain("Those that take longer than 300 ms are cancelled.");
  expect(stdout).toContain("The migration was cancelled on request.");
  expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'app_a'`)).toEqual([]);
});

function configAt(url: string): string {
  return configFile({
    databases: { main: { url } },
    services: {
      app: {
        ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
        tenantSchema: "app_{tenant}",
      },
    },
    tenants: ["a"],
  });
}

/** Waits until a program has written a text to standard error. */
async function untilSaid(child: ReturnType<typeof startCli>, text: string): Promise<void> {
  let said = "";
  child.stderr?.on("data", (data) => {
    said += String(data);
  });
  await vi.waitUntil(() => said.includes(text), { timeout: 20_000 });
}

import { expect, test } from "vitest";
import { status } from "../../src/operations/status.ts";
import { runCli } from "../support/cli.ts";
import { createRole } from "../support/database.ts";
import { appFleet, configFile, contextFor, history, writeFiles } from "../support/fleet.ts";
import { createFleet, type SmallFleetOptions } from "../support/small-fleet.ts";

const migrations = {
  "0000_users": `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);\n--> statement-breakpoint\nCREATE INDEX "users_email" ON "users" ("email");`,
};
const pending = { ...migrations, "0001_age": `ALTER TABLE "users" ADD COLUMN "age" integer;` };
const tenants = ["a", "b", "c"];
const all = { services: [], tenants: [], databases: [] };

test("status shows what drift last found, and whether the ledger has changed since", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  const before = await runCli(project, ["status"]);
  expect(before.stdout).not.toContain("drift ");
  await database.query("DROP INDEX app_b.users_email");
  await runCli(project, ["drift", "--tenant", "a", "--tenant", "b"]);
  await database.query(
    "UPDATE drizzle_fleet.verdicts SET checked_at = checked_at - interval '150 minutes'",
  );
  await writeFiles(project, history("drizzle/app", pending));
  await runCli(project, ["migrate", "--tenant", "a"]);
  const run = await runCli(project, ["status"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toBe(`target  current     pending  state    drift
app/b   0000_users        1  behind   yes, 2 hours ago
app/c   0000_users        1  behind   not compared
app/a   0001_age          0  at head  no, 2 hours ago (outdated)

Not at head: 2 of 3 targets.
To apply pending migrations, run: npx drizzle-fleet migrate
Drift in 1 of 2 targets when last compared, 2 hours ago. 1 is outdated: its ledger has changed since. Not compared: 1 target.
To see every difference, run: npx drizzle-fleet drift
`);
  const { targets } = JSON.parse((await runCli(project, ["status", "--json"])).stdout);
  expect(targets.map((one: { drift: unknown }) => one.drift)).toEqual([
    { drifted: true, checkedAt: expect.stringMatching(/^\d{4}-.*Z$/), outdated: false },
    null,
    { drifted: false, checkedAt: expect.any(String), outdated: true },
  ]);
  // An exit code of status is about migrations.
  await runCli(project, ["migrate"]);
  expect(await runCli(project, ["status", "--exit-code"])).toMatchObject({ code: 0 });
});

test("a role that may not read the verdicts sees the same status as without them", async () => {
  const { database, project, context } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  await runCli(project, ["drift"]);
  expect((await status(context, all)).map(({ drift }) => drift?.drifted)).toEqual([
    ...[false, false, false],
  ]);
  const { role, url } = await createRole(database);
  for (const tenant of tenants)
    await database.query(
      `GRANT USAGE ON SCHEMA app_${tenant} TO ${role}; GRANT SELECT ON app_${tenant}.__fleet_ledger TO ${role}`,
    );
  const reader = contextFor(project, appFleet(url, [...tenants]));
  const isCompared = async () =>
    (await status(reader, all)).map(({ pending, drift }) => [pending, drift !== undefined]);
  expect(await isCompared()).toEqual(tenants.map(() => [0, false]));
  await database.query(`GRANT USAGE ON SCHEMA drizzle_fleet TO ${role}`);
  expect(await isCompared()).toEqual(tenants.map(() => [0, false]));
  await database.query(`GRANT SELECT ON drizzle_fleet.verdicts TO ${role}`);
  expect(await isCompared()).toEqual(tenants.map(() => [0, true]));
});

/** A fleet with a pending migration, in which tenant b has drifted. */
async function driftedFleet(settings: SmallFleetOptions["settings"] = {}) {
  const fleet = await createFleet({ tenants, migrations, pending, settings });
  await fleet.database.query("DROP INDEX app_b.users_email");
  return fleet;
}

const ages = `SELECT nspname AS schema FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
  JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'users' AND attname = 'age' ORDER BY 1`;

test("migrate --require-no-drift refuses a target that has drifted, until it is repaired", async () => {
  const { database, project } = await driftedFleet();
  const refusal = `schema "app_b" is not what its ledger says: index users_email is missing`;
  const plan = await runCli(project, ["plan", "--require-no-drift"]);
  expect(plan.code).toBe(5);
  expect(plan.stdout).toContain(`${refusal}
  -> To see every difference, run: npx drizzle-fleet drift app --tenant b
  at app/b

2 migrations to apply to 2 targets; 1 target cannot be changed.`);
  const run = await runCli(project, ["migrate", "--require-no-drift"]);
  expect(run.code).toBe(5);
  expect(run.stdout).toContain(`x app/b  schema app_b
  ${refusal}
  -> To see every difference, run: npx drizzle-fleet drift app --tenant b

1 of 3 targets failed. After fixing the cause, run: npx drizzle-fleet migrate --require-no-drift --failed
`);
  expect(await database.query(ages)).toEqual([{ schema: "app_a" }, { schema: "app_c" }]);
  const again = ["migrate", "--require-no-drift", "--failed"];
  expect(await runCli(project, again)).toMatchObject({ code: 5 });
  expect(await runCli(project, [...again, "--accept-failures", "1"])).toMatchObject({ code: 0 });
  expect(await database.query(ages)).toHaveLength(2);
  await database.query("CREATE INDEX users_email ON app_b.users (email)");
  expect(await runCli(project, again)).toMatchObject({ code: 0 });
  expect(await database.query(ages)).toHaveLength(3);
  // A target at head fails, too.
  await database.query("DROP INDEX app_c.users_email");
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  expect(await runCli(project, ["migrate", "--require-no-drift"])).toMatchObject({ code: 5 });
});

test("a canary that has drifted stops the rollout, and drift.allow is respected", async () => {
  const { database, project } = await driftedFleet();
  const waves = ["migrate", "--require-no-drift", "--canary", "b"];
  const stopped = await runCli(project, waves);
  expect(stopped.code).toBe(5);
  expect(stopped.stdout).toContain("Not run: 2 targets (a, c).");
  expect(await database.query(ages)).toEqual([]);
  const allow = [{ object: "index users_email", tenants: ["b"], reason: "being rebuilt" }];
  await writeFiles(project, {
    "drizzle.config.ts": configFile(appFleet(database.url, [...tenants], { drift: { allow } })),
  });
  expect(await runCli(project, waves)).toMatchObject({ code: 0 });
  expect(await database.query(ages)).toHaveLength(3);
});

test("what cannot be compared is not refused for drift", async () => {
  const { database, project } = await createFleet({ tenants: [...tenants, "d"], migrations });
  // d does not exist yet, and the ledger of b cannot be compared.
  await runCli(project, ["migrate", "--tenant", "a", "--tenant", "b", "--tenant", "c"]);
  await database.query(`UPDATE app_b.__fleet_ledger SET checksum = 'other';
    DROP INDEX app_b.users_email; ALTER TABLE app_c.users ALTER email SET NOT NULL;
    CREATE VIEW app_c.more AS SELECT 1 AS one`);
  const run = await runCli(project, ["migrate", "--require-no-drift", "--json"]);
  expect(run.code).toBe(5);
  const { failures, succeeded } = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "");
  expect(succeeded).toBe(1);
  expect(failures).toMatchObject([
    { message: "0000_users was edited after it was applied to this target", retryable: false },
    {
      message: `schema "app_c" is not what its ledger says: column users.email: not null differs, and 1 more difference`,
      retryable: false,
      targets: ["app/c"],
    },
  ]);
});

test("a database that cannot be reached prevents the comparison of its own targets only", async () => {
  const { database, project } = await driftedFleet();
  const fleet = appFleet(database.url, [...tenants], { connectTimeout: 0 });
  const files = { schema: "./schema", out: "./drizzle/app" };
  const other = { ...files, database: "other", tenantSchema: "other_{tenant}" };
  await writeFiles(project, {
    "drizzle.config.ts": configFile({
      ...fleet,
      databases: { ...fleet.databases, other: { url: "postgres://127.0.0.1:1/none" } },
      services: { ...fleet.services, other },
    }),
  });
  const run = await runCli(project, ["migrate", "--require-no-drift"]);
  expect(run.code).toBe(1);
  expect(run.stdout).toContain("4 of 6 targets failed.");
  expect(run.stdout).toContain("index users_email is missing");
  expect(await database.query(ages)).toHaveLength(2);
});

test("without a server for scratch schemas, nothing is applied", async () => {
  const { database, project } = await driftedFleet({
    proofDatabase: "postgres://127.0.0.1:1/none",
    connectTimeout: 0,
  });
  const [drift, migrate] = [
    await runCli(project, ["drift"]),
    await runCli(project, ["migrate", "--require-no-drift"]),
  ];
  expect(migrate).toEqual(drift);
  expect(migrate.code).not.toBe(0);
  expect(await database.query(ages)).toEqual([]);
});

test("a role with a single connection can require that nothing has drifted", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  const { url } = await createRole(database, { attributes: "CONNECTION LIMIT 1" });
  const fleet = appFleet(url, [...tenants], { proofDatabase: database.url });
  await writeFiles(project, { "drizzle.config.ts": configFile(fleet) });
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  await writeFiles(project, history("drizzle/app", pending));
  await database.query("DROP INDEX app_b.users_email");
  const run = await runCli(project, ["migrate", "--require-no-drift"]);
  expect(run.stdout).toContain("1 of 3 targets failed.");
  expect(await database.query(ages)).toHaveLength(2);
});

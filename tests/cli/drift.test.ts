import { expect, test } from "vitest";
import { runCli, spawnCli } from "../support/cli.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const migrations = {
  "0000_users": `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);\n--> statement-breakpoint\nCREATE INDEX "users_email" ON "users" ("email");`,
};
const pending = { ...migrations, "0001_age": `ALTER TABLE "users" ADD COLUMN "age" integer;` };
const tenants = ["a", "b", "c", "d"];

test("drift groups tenants by what differs from a replay of their own ledgers", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  await writeFiles(project, history("drizzle/app", pending));
  await runCli(project, ["migrate", "--tenant", "b"]);
  // Pending migrations are not drift.
  expect(await runCli(project, ["drift"])).toMatchObject({
    code: 0,
    stdout: "No drift: 4 targets as expected.\n",
  });
  for (const tenant of ["a", "c"]) await database.query(`DROP INDEX app_${tenant}.users_email`);
  await database.query(`ALTER TABLE app_b.users ALTER COLUMN age TYPE bigint`);
  const run = await runCli(project, ["drift"]);
  expect(run.code).toBe(4);
  expect(run.stdout).toBe(`x 1 target of app at 0001_age: app/b
  column users.age: type differs (dangerous)
     expected: integer
     found:    bigint
  SQL of the repair, not tried yet:
     LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
     DO $$BEGIN
       IF EXISTS (SELECT FROM users WHERE (age::integer)::bigint::text IS DISTINCT FROM age::text) THEN
         RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'column users.age has values that type integer would change';
       END IF;
     END$$;
     ALTER TABLE users ALTER COLUMN age TYPE integer USING age::integer;

x 2 targets of app at 0000_users: app/a, app/c
  index users_email is missing (tuning)
  SQL of the repair, not tried yet:
     CREATE INDEX CONCURRENTLY users_email ON users USING btree (email);

Drift: 3 of 4 targets, in 2 shapes; 1 as expected.
To try the repairs on a copy, and then to run them, run: npx drizzle-fleet drift --fix
`);
  const json = JSON.parse((await runCli(project, ["drift", "--json", "--tenant", "b"])).stdout);
  expect(json).toMatchObject({
    shapes: [
      {
        targets: [{ schema: "app_b" }],
        differences: [{ kind: "column", name: "users.age", change: "changed", class: "dangerous" }],
      },
    ],
  });
});

test("drift finds a grant that one tenant lacks, and with --against majority needs no replay", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  for (const tenant of ["a", "b", "c"])
    await database.query(`GRANT SELECT ON app_${tenant}.users TO pg_monitor`);
  for (const options of [[], ["--against", "majority"]]) {
    const run = await runCli(project, ["drift", ...options]);
    expect(run.code).toBe(4);
    expect(run.stdout).toContain("x 1 target of app at 0000_users: app/d");
    expect(run.stdout).toContain("table users: privileges differ (dangerous)");
    expect(run.stdout).toContain("pg_monitor: SELECT");
  }
});

test("drift names what it could not compare", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate", "--tenant", "a", "--tenant", "b"]);
  await database.query(`UPDATE app_b.__fleet_ledger SET checksum = 'other'`);
  const run = await runCli(project, ["drift"]);
  // c and d do not exist yet.
  expect(run).toMatchObject({ code: 0 });
  expect(run.stdout).toContain(
    "Not compared: app/b (0000_users was edited after it was applied to this target)",
  );
  expect(run.stdout).toContain("No drift: 1 target as expected.");
});

test("drift names what it does not compare", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  await database.query(`CREATE EXTENSION citext SCHEMA app_a; CREATE EXTENSION ltree SCHEMA app_b`);
  // The second run reads no schema again.
  for (const _ of [1, 2])
    expect(await runCli(project, ["drift"])).toMatchObject({
      code: 0,
      stdout: `Not compared: 2 extensions (citext, ltree) of 2 targets: app/a, app/b

No drift: 4 targets as expected.
`,
    });
  const json = JSON.parse((await runCli(project, ["drift", "--json", "--tenant", "b"])).stdout);
  expect(json.unmodelled).toEqual([
    {
      kind: "extension",
      count: 1,
      names: ["ltree"],
      targets: [expect.objectContaining({ schema: "app_b" })],
    },
  ]);
  expect((await runCli(project, ["drift", "--format", "markdown"])).stdout).toContain(
    "Not compared: 2 extensions (citext, ltree)",
  );
});

test("a second run reads only schemas that have changed, and finds the same", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  await database.query(`DROP INDEX app_a.users_email`);
  const first = await runCli(project, ["drift"]);
  expect(first).toMatchObject({ code: 4 });
  const kept = `SELECT schema, drifted FROM drizzle_fleet.verdicts ORDER BY schema`;
  expect(await database.query(kept)).toEqual([
    { schema: "app_a", drifted: true },
    ...["b", "c", "d"].map((tenant) => ({ schema: `app_${tenant}`, drifted: false })),
  ]);
  expect(await runCli(project, ["drift"])).toEqual(first);
  // With the hash of another tenant, a schema that is not read again has its drift.
  await database.query(`UPDATE drizzle_fleet.verdicts SET hash = 'kept'`);
  expect((await runCli(project, ["drift"])).stdout).toContain("x 4 targets of app");
  expect(await runCli(project, ["drift", "--full"])).toEqual(first);
  await database.query(
    `CREATE INDEX users_email ON app_a.users (email); DROP INDEX app_b.users_email`,
  );
  expect((await runCli(project, ["drift"])).stdout).toContain(
    "x 1 target of app at 0000_users: app/b",
  );
});

test("a rollout at the same time is not taken for drift", async () => {
  const { project } = await createFleet({
    tenants: Array.from({ length: 60 }, (_, index) => `t${index}`),
    migrations,
  });
  await runCli(project, ["migrate"]);
  const steps = Array.from({ length: 6 }, (_, index) => index + 1);
  let all: Record<string, string> = migrations;
  for (const step of steps) {
    all = { ...all, [`000${step}_more`]: `ALTER TABLE "users" ADD COLUMN "c${step}" text;` };
    await writeFiles(project, history("drizzle/app", all));
    const [migrated, found] = await Promise.all([
      spawnCli(project, ["migrate"]),
      spawnCli(project, ["drift", "--json"]),
    ]);
    expect(migrated.code).toBe(0);
    expect(found.stdout).toContain('"shapes"');
    const { shapes } = JSON.parse(found.stdout) as { shapes: { differences: unknown[] }[] };
    expect(shapes.filter(({ differences }) => differences.length > 0)).toEqual([]);
  }
});

test("drift.allow accepts differences; expired and unused entries are reported", async () => {
  const allow = [
    { object: "index users_*", tenants: ["a"], reason: "being rebuilt" },
    { object: "table backup*", service: "app", reason: "made by hand" },
    { object: "column users.*", reason: "old", until: "2020-01-31" },
    { object: "view none", reason: "a mistake" },
  ];
  const { database, project } = await createFleet({
    ...{ tenants, migrations },
    settings: { drift: { allow } },
  });
  await runCli(project, ["migrate"]);
  for (const tenant of ["a", "b"])
    await database.query(
      `DROP INDEX app_${tenant}.users_email; CREATE TABLE app_${tenant}.backup_1 ()`,
    );
  const run = await runCli(project, ["drift"]);
  expect(run.code).toBe(4);
  expect(run.stdout).toBe(`x 1 target of app at 0000_users: app/b
  index users_email is missing (tuning)
  SQL of the repair, not tried yet:
     CREATE INDEX CONCURRENTLY users_email ON users USING btree (email);

drift.allow: the entry for column users.* has expired. Remove it, or extend it.
drift.allow: the entry for view none matches nothing. Remove it.
Drift: 1 of 4 targets, in 1 shape; 3 as expected.
To try the repairs on a copy, and then to run them, run: npx drizzle-fleet drift --fix
`);
  const markdown = await runCli(project, ["drift", "--format", "markdown"]);
  expect(markdown.stdout).toBe(`### 1 target of app at 0000_users: app/b

\`\`\`text
  index users_email is missing (tuning)
  SQL of the repair, not tried yet:
     CREATE INDEX CONCURRENTLY users_email ON users USING btree (email);
\`\`\`

drift.allow: the entry for column users.* has expired. Remove it, or extend it.
drift.allow: the entry for view none matches nothing. Remove it.
Drift: 1 of 4 targets, in 1 shape; 3 as expected.
To try the repairs on a copy, and then to run them, run: npx drizzle-fleet drift --fix
`);
  const github = await runCli(project, ["drift", "--format", "github"]);
  expect(github.stdout).toContain(
    "::error title=drizzle-fleet%3A app::x 1 target of app at 0000_users: app/b%0A  index users_email",
  );
  const one = await runCli(project, ["drift", "--tenant", "a"]);
  expect(one.stdout).not.toContain("view none");
});

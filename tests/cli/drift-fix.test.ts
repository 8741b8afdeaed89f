import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createFleet } from "../support/small-fleet.ts";

const migrations = {
  "0000_users": `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text NOT NULL, "age" integer DEFAULT 1);
--> statement-breakpoint
CREATE INDEX "users_email" ON "users" ("email");`,
};
const tenants = ["a", "b", "c", "d", "e"];

async function createDriftedFleet() {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  for (const tenant of ["a", "b"]) await database.query(`DROP INDEX app_${tenant}.users_email`);
  await database.query(`ALTER TABLE app_c.users ALTER age SET DEFAULT 2, ADD COLUMN note text`);
  for (const tenant of ["d", "e"])
    await database.query(`ALTER TABLE app_${tenant}.users ALTER email DROP NOT NULL`);
  await database.query(`INSERT INTO app_d.users (id) VALUES (1)`);
  return { database, project };
}

test("drift --fix repairs what it can, and a target whose rows prevent that fails alone", async () => {
  const { database, project } = await createDriftedFleet();
  const asked = await runCli(project, ["drift", "--fix"]);
  expect(asked).toMatchObject({ code: 2 });
  expect(asked.stderr).toContain("run the same command again with --yes");
  const fixed = await runCli(project, ["drift", "--fix", "--yes"]);
  expect(fixed.stdout).toContain(`x app/d  schema app_d
  column users.email has NULL values (SQLSTATE 23514)
  -> Nothing was changed. Correct the rows or the schema. To see what is left, run: npx drizzle-fleet drift

1 of 5 targets failed. After fixing the cause, run: npx drizzle-fleet drift --fix`);
  expect(fixed.code).toBe(5);
  const again = await runCli(project, ["drift"]);
  expect(again.code).toBe(4);
  expect(again.stdout).toContain("x 1 target of app at 0000_users: app/c");
  expect(again.stdout).toContain("x 1 target of app at 0000_users: app/d");
  expect(again.stdout).toContain("Drift: 2 of 5 targets, in 2 shapes; 3 as expected.");
  expect(again.stdout).not.toContain("users.age");
  await database.query(`UPDATE app_d.users SET email = ''`);
  const rest = await runCli(project, ["drift", "--fix", "--yes"]);
  expect(rest.stdout).toContain(
    "Not repaired: column users.note (it would be removed, which needs --allow-drops)",
  );
  expect(rest.code).toBe(4);
  await database.query(`INSERT INTO app_c.users (id, email, note) VALUES (1, '', 'kept')`);
  const refused = await runCli(project, ["drift", "--fix", "--yes", "--allow-drops"]);
  expect(refused.stdout + refused.stderr).toContain("column users.note has values");
  expect(refused.code).toBe(5);
  await database.query(`UPDATE app_c.users SET note = NULL`);
  const dropped = await runCli(project, ["drift", "--fix", "--yes", "--allow-drops"]);
  expect(dropped.stdout).toContain("Every repaired target is as expected.");
  expect(dropped.code).toBe(0);
  expect(await runCli(project, ["drift"])).toMatchObject({ code: 0 });
  expect((await runCli(project, ["rollouts"])).stdout).toContain("drift --fix");
});

test("drift --fix changes nothing if there is no drift, or if it cannot be proved", async () => {
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate"]);
  expect(await runCli(project, ["drift", "--fix", "--yes"])).toMatchObject({
    code: 0,
    stdout: "No drift: 5 targets as expected.\nNothing was changed.\n",
  });
  // Another table's foreign key keeps the primary key from being created anew.
  await database.query(`CREATE TABLE app_a.orders (user_id integer REFERENCES app_a.users);
    ALTER TABLE app_a.users ADD CONSTRAINT "more" EXCLUDE (id WITH =)`);
  const found = await runCli(project, ["drift", "--fix", "--yes"]);
  expect(found.stdout).toContain("Nothing was changed.");
  expect(found.code).toBe(4);
});

test("drift --sql writes a file for each target, and none over another", async () => {
  const { project } = await createDriftedFleet();
  const folder = join(project, "repairs");
  const written = await runCli(project, ["drift", "--sql", folder]);
  expect(written.code).toBe(4);
  expect(written.stderr).toContain("Wrote SQL for 5 targets, one file each in");
  const files = await readdir(join(folder, "main", "app"));
  expect(files).toEqual(tenants.map((tenant) => `app_${tenant}.sql`));
  const text = await readFile(join(folder, "main", "app", "app_a.sql"), "utf8");
  expect(text).toContain(
    `CREATE INDEX CONCURRENTLY users_email ON "app_a".users USING btree (email)`,
  );
  const again = await runCli(project, ["drift", "--sql", folder]);
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toContain("already exists");
});

test("options of a repair require --fix", async () => {
  const { project } = await createFleet({ tenants, migrations });
  const run = await runCli(project, ["drift", "--canary", "1"]);
  expect(run).toMatchObject({ code: 2 });
  expect(run.stderr).toContain("--canary requires --fix");
});

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { chaosTest } from "../support/chaos.ts";
import { ended, runCli, spawnCli, startCli } from "../support/cli.ts";
import { toolsBackends } from "../support/leftovers.ts";
import { createFleet } from "../support/small-fleet.ts";
import { createTenantsProject } from "../support/tenants-project.ts";

const migrations = {
  "0000_users": `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text NOT NULL, "age" integer DEFAULT 1);
--> statement-breakpoint
CREATE INDEX "users_email" ON "users" ("email");`,
};
/** The most kills: fewer are needed on a slow machine. */
const kills = 20;

chaosTest("drift --fix is killed again and again", async ({ random, tell }) => {
  const tenants = Array.from({ length: 150 }, (_, index) => `t${index}`);
  const { database, project } = await createFleet({ tenants, migrations });
  await runCli(project, ["migrate", "--quiet"]);
  for (const tenant of tenants)
    await database.query(`DROP INDEX app_${tenant}.users_email;
      ALTER TABLE app_${tenant}.users ALTER age SET DEFAULT 2, ALTER email DROP NOT NULL;
      INSERT INTO app_${tenant}.users SELECT n, n::text FROM generate_series(1, 2000) n`);
  const ledgers = () =>
    database.query(
      tenants.map((tenant) => `SELECT * FROM app_${tenant}.__fleet_ledger`).join(" UNION ALL "),
    );
  const before = await ledgers();
  const halves: number[] = [];
  for (let count = 0; count < kills && halves.at(-1) !== tenants.length; count += 1) {
    const child = startCli(project, ["drift", "--fix", "--yes", "--quiet"]);
    const end = ended(child);
    await sleep(600 + random.below(700));
    child.kill("SIGKILL");
    await end;
    while ((await database.query(toolsBackends)).length > 0) await sleep(50);
    // One transaction changes both.
    const half = await database.query(`SELECT c.relnamespace::regnamespace::text AS schema
      FROM pg_class c JOIN pg_attribute e ON e.attrelid = c.oid AND e.attname = 'email'
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'age' JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relname = 'users' AND e.attnotnull <> (pg_get_expr(d.adbin, c.oid) = '1')`);
    expect(half).toEqual([]);
    const [done] = await database.query<{ count: string }>(
      "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = 'users' AND attname = 'email' AND attnotnull",
    );
    halves.push(Number(done?.count));
  }
  tell(`repaired after each kill: ${halves.join(", ")} of ${tenants.length}`);
  const last = await runCli(project, ["drift", "--fix", "--yes", "--quiet"]);
  expect(last, last.stdout).toMatchObject({ code: 0 });
  expect(await runCli(project, ["drift", "--full"])).toMatchObject({ code: 0 });
  expect(await ledgers()).toEqual(before);
});

chaosTest("drift while tenants are removed and added reports none of them", async ({ tell }) => {
  const { folder, environment } = await createTenantsProject();
  const cli = (...args: string[]) => spawnCli(folder, args, environment);
  for (const tenant of ["one", "two", "three"])
    expect(await cli("tenants", "add", tenant)).toMatchObject({ code: 0 });
  let runs = 0;
  let isOver = false;
  const changes = (async () => {
    for (let count = 0; count < 4; count += 1) {
      expect(await cli("tenants", "remove", "two", "--yes")).toMatchObject({ code: 0 });
      expect(await cli("tenants", "add", "two")).toMatchObject({ code: 0 });
    }
    isOver = true;
  })();
  while (!isOver) {
    const found = await cli("drift", "--json");
    expect(found.stdout, found.stderr).toContain('"shapes"');
    const { shapes } = JSON.parse(found.stdout) as { shapes: { differences: unknown[] }[] };
    expect(shapes.filter(({ differences }) => differences.length > 0)).toEqual([]);
    runs += 1;
  }
  await changes;
  tell(`${runs} comparisons`);
});

import { createHash } from "node:crypto";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { describe, expect, test } from "vitest";
import { createProject, run, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { createFolder, history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const config = `export default { dialect: "postgresql", schema: "./schema.ts", out: "./drizzle" };`;
const migrations = {
  "0000_a": `CREATE TYPE "public"."role" AS ENUM('a');--> statement-breakpoint\nCREATE TABLE "users" ("role" "role");\n`,
  "0001_b": `ALTER TABLE "users" ADD "other" "public"."role";\n`,
};

function existing() {
  return createProject({
    "package.json": '{ "name": "shop", "type": "module" }',
    "drizzle.config.ts": config,
    "schema.ts": "export {};",
    ...history("drizzle", migrations),
  });
}

/** Migrates as many projects do: with drizzle-orm, from a copy of the folder that names the tenant's schema. */
async function migrateFilled(database: TestDatabase, project: string, schema: string) {
  const folder = await createFolder();
  await cp(join(project, "drizzle"), folder, { recursive: true });
  for (const tag of Object.keys(migrations)) {
    const text = await readFile(join(folder, `${tag}.sql`), "utf8");
    await writeFile(join(folder, `${tag}.sql`), text.replaceAll(`"public".`, `"${schema}".`));
  }
  const client = await database.connect();
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`);
  await migrate(drizzle(client), { migrationsFolder: folder, migrationsSchema: schema });
}

const yes = ["init", "--yes", "--tenant-schema", "shop_{tenant}"];

describe("init in a project with its own migration loop", () => {
  test("records everything if the loop filled in the tenant's schema", async () => {
    const database = await createDatabase();
    const project = await existing();
    await migrateFilled(database, project, "shop_acme");
    await migrateFilled(database, project, "shop_globex");
    const environment = { DATABASE_URL: database.url };
    const result = await runCli(project, yes, environment);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain("Done: 2 ledgers written, 2 targets up to date.");
    const migrated = await runCli(project, ["migrate"], environment);
    expect(migrated.stdout).toContain("Nothing to do: 2 targets at head.");
  });

  test("records migrations by name after the documented command has written the journal", async () => {
    const database = await createDatabase();
    const project = await existing();
    await rm(join(project, "drizzle/meta"), { recursive: true });
    await database.query(`CREATE SCHEMA shop_acme; CREATE TABLE shop_acme.users ();
      CREATE TABLE shop_acme.__drizzle_migrations (id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE,
        applied_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP);
      INSERT INTO shop_acme.__drizzle_migrations (name) VALUES ('0000_a')`);
    const environment = { DATABASE_URL: database.url };
    const refused = await runCli(project, yes, environment);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("no journal that lists them");
    const docs = await readFile(join(repository, "docs/existing-projects.md"), "utf8");
    const [, script = ""] = /^node -e '(.*)' drizzle\/tenant$/m.exec(docs) ?? [];
    await run(project, process.execPath, ["-e", script, "drizzle"]);
    const result = await runCli(project, yes, environment);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain("Done: 1 ledger written");
    const plan = await runCli(project, ["plan"], environment);
    expect(plan.stdout).toContain("1 migration to apply to 1 target.");
  });

  test("shows one block with a working command for 40 tenants whose rows match no file", async () => {
    const database = await createDatabase();
    const project = await existing();
    const tenants = Array.from({ length: 40 }, (_, index) => `t${index + 10}`);
    const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
    await database.query(
      tenants
        .map(
          (tenant) => `CREATE SCHEMA shop_${tenant}; CREATE TABLE shop_${tenant}.users ();
             CREATE TABLE shop_${tenant}.applied (id serial PRIMARY KEY, hash text, created_at bigint);
             INSERT INTO shop_${tenant}.applied (hash) VALUES ('${hashOf(tenant)}')`,
        )
        .join(";"),
    );
    const environment = { DATABASE_URL: database.url };
    const ids = ["--tenants", tenants.join(",")];
    const named = ["--drizzle-table", "applied"];
    const result = await runCli(project, [...yes, ...ids, ...named], environment);
    expect(result).toMatchObject({ code: 5 });
    expect(result.stdout.match(/not on disk/g)).toHaveLength(1);
    expect(result.stdout).toContain("x 40 targets: shop/t10, shop/t11");
    const [, command = ""] =
      /npx drizzle-fleet (stamp 0000_a .*--tenant t49)$/m.exec(result.stdout) ?? [];
    expect(
      (await runCli(project, ["stamp", "--from-drizzle", ...named, "--dry-run"], environment))
        .stdout,
    ).toContain(command);
    const stamped = await runCli(project, [...command.split(" "), "--yes"], environment);
    expect(stamped.stdout).toContain("Done: 40 ledgers written, 40 targets up to date.");
    const plan = await runCli(project, ["plan"], environment);
    expect(plan.stdout).toContain("40 migrations to apply to 40 targets.");
  });
});

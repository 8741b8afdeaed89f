import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { describe, expect, test } from "vitest";
import { createProject, run, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase, urlWith } from "../support/database.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const drizzleKit = join(repository, "node_modules/drizzle-kit/bin.cjs");

const plainConfig = `import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./src/schema.ts",
  out: "./migrations",
  dbCredentials: { url: process.env.DATABASE_URL! },
  tablesFilter: ["*"],
});
`;

const schema = (columns: string) => `import { integer, pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { id: integer().primaryKey(), ${columns} });
`;

/** A project as in drizzle-kit's documentation, with two migrations. */
async function plainProject(): Promise<string> {
  const project = await createProject({
    "package.json": '{ "name": "@acme/shop", "type": "module" }',
    "drizzle.config.ts": plainConfig,
    "src/schema.ts": schema(""),
  });
  await generateByKit(project);
  await writeFiles(project, { "src/schema.ts": schema("name: text()") });
  await generateByKit(project);
  return project;
}

async function generateByKit(project: string, environment: Record<string, string> = {}) {
  const result = await run(project, process.execPath, [drizzleKit, "generate"], environment);
  expect(result).toMatchObject({ code: 0 });
  return result;
}

/** How the project migrated until now: a loop over its tenants. */
async function migrateByDrizzle(
  database: TestDatabase,
  project: string,
  target: string,
  migrationsSchema?: string,
): Promise<void> {
  const client = await database.connect();
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${target}`);
  await client.query(`SET search_path = ${target}, public`);
  await migrate(drizzle(client), {
    migrationsFolder: join(project, "migrations"),
    ...(migrationsSchema === undefined ? {} : { migrationsSchema }),
  });
}

async function isThere(project: string, file: string): Promise<boolean> {
  return access(join(project, file)).then(
    () => true,
    () => false,
  );
}

/** Checks that init exits with 2 and leaves the project unchanged. */
async function expectRefused(
  project: string,
  args: readonly string[],
  words: string,
  environment: Record<string, string> = {},
): Promise<void> {
  const before = await readFile(join(project, "drizzle.config.ts"), "utf8");
  const result = await runCli(project, ["init", ...args], environment);
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain(words);
  expect(result.stderr).not.toContain("s3cret");
  expect(await readFile(join(project, "drizzle.config.ts"), "utf8")).toBe(before);
}

describe("init", () => {
  test("finds and stamps the tenants of a project with a schema per tenant, which then continues as before", async () => {
    const database = await createDatabase();
    const project = await plainProject();
    await migrateByDrizzle(database, project, "shop_acme", "shop_acme");
    await migrateByDrizzle(database, project, "shop_globex", "shop_globex");
    await database.query(
      `CREATE SCHEMA shop_other; CREATE SCHEMA "else"; CREATE TABLE "else".users ()`,
    );
    const environment = { DATABASE_URL: database.url };
    const result = await runCli(
      project,
      ["init", "--yes", "--tenant-schema", "shop_{tenant}"],
      environment,
    );
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain(
      "service shop, tenant schemas shop_{tenant}, 2 tenants: acme, globex",
    );
    expect(result.stdout).toContain("not carried over: tablesFilter");
    expect(result.stdout).toContain("Done: 2 ledgers written, 2 targets up to date.");
    expect(await readFile(join(project, "drizzle.config.before-fleet.ts"), "utf8")).toBe(
      plainConfig,
    );
    expect(await readFile(join(project, "drizzle.config.ts"), "utf8")).toBe(
      `import { defineFleet, env } from "drizzle-fleet/config";

export default defineFleet({
  databases: {
    main: {
      url: env("DATABASE_URL"),
    },
  },
  services: {
    shop: {
      schema: "./src/schema.ts",
      out: "./migrations",
      database: "main",
      tenantSchema: "shop_{tenant}",
    },
  },
  tenants: ["acme", "globex"],
});
`,
    );
    const status = await runCli(project, ["status"], environment);
    expect(status.stdout).toContain("All 2 targets are at head.");
    const migrated = await runCli(project, ["migrate"], environment);
    expect(migrated.stdout).toContain("Nothing to do: 2 targets at head.");
    const downs = await runCli(project, ["generate", "--down"], environment);
    expect(downs).toMatchObject({ code: 0 });
    expect(await runCli(project, ["check"], environment)).toMatchObject({ code: 0 });
    await expectRefused(
      project,
      ["--yes", "--tenant-schema", "shop_{tenant}"],
      "already",
      environment,
    );

    await writeFiles(project, { "src/schema.ts": schema("name: text(), age: integer()") });
    await generateByKit(project, { SERVICE: "shop" });
    const further = await runCli(project, ["migrate"], environment);
    expect(further.stdout).toContain("Done: 2 migrations applied, 2 targets at head.");
  });

  test.each([
    [["--tenant-schema", "shop_{tenant}", "--tenants", "acme"], 'sourceSchema: "shop"'],
    [["--single-schema", "shop"], 'singleSchema: "shop"'],
  ])("sets sourceSchema for a project whose tables are all in pgSchema: %j", async (args, line) => {
    const declared = `import { integer, pgSchema } from "drizzle-orm/pg-core";
export const shop = pgSchema("shop");
export const kind = shop.enum("kind", ["a"]);
export const users = shop.table("users", { id: integer().primaryKey(), kind: kind() });
`;
    const database = await createDatabase();
    const project = await createProject({
      "drizzle.config.ts": plainConfig,
      "src/schema.ts": declared,
    });
    await generateByKit(project);
    const environment = { DATABASE_URL: database.url };
    const result = await runCli(project, ["init", "--yes", "--no-stamp", ...args], environment);
    expect(result).toMatchObject({ code: 0 });
    const config = await readFile(join(project, "drizzle.config.ts"), "utf8");
    expect(config).toContain(line);
    expect(config.match(/"shop"/g)).toHaveLength(1);
    const migrated = await runCli(project, ["migrate"], environment);
    expect(migrated.stdout).toContain("1 migration applied, 1 target at head.");
  });

  test("keeps public as the source schema of a project that uses another schema as well", async () => {
    const project = await createProject({
      "drizzle.config.ts": plainConfig,
      "src/schema.ts": `import { integer, pgSchema, pgTable } from "drizzle-orm/pg-core";
export const shop = pgSchema("shop");
export const users = shop.table("users", { id: integer().primaryKey() });
export const notes = pgTable("notes", { id: integer().primaryKey() });
`,
    });
    await generateByKit(project);
    const args = ["--tenant-schema", "shop_{tenant}", "--tenants", "acme"];
    const result = await runCli(project, ["init", "--yes", "--no-stamp", ...args]);
    expect(result).toMatchObject({ code: 0 });
    expect(await readFile(join(project, "drizzle.config.ts"), "utf8")).not.toContain(
      "sourceSchema",
    );
  });

  test("stamps a project with a single schema whose table is in schema drizzle", async () => {
    const database = await createDatabase();
    const project = await plainProject();
    await migrateByDrizzle(database, project, "public");
    await writeFiles(project, { ".env": `POSTGRES_URL=${database.url}\n` });
    const args = ["--yes", "--single-schema", "public", "--service", "app"];
    const result = await runCli(project, [
      "init",
      ...args,
      "--url-variable",
      "POSTGRES_URL",
      "--json",
    ]);
    expect(result).toMatchObject({ code: 0 });
    expect(JSON.parse(result.stdout)).toMatchObject({
      file: "drizzle.config.ts",
      kept: "drizzle.config.before-fleet.ts",
      service: "app",
      schema: "public",
      stamped: { succeeded: 1, failed: 0 },
    });
    const text = await readFile(join(project, "drizzle.config.ts"), "utf8");
    expect(text).toContain('url: env("POSTGRES_URL")');
    expect(text).not.toContain("postgresql://");
    expect((await runCli(project, ["status"])).stdout).toContain("at head");
    expect((await runCli(project, ["migrate"])).stdout).toContain(
      "Nothing to do: 1 target at head.",
    );
  });

  test("writes the file without a database, and shows how to stamp later", async () => {
    const database = await createDatabase();
    const project = await plainProject();
    await migrateByDrizzle(database, project, "shop_acme");
    const args = ["init", "--yes", "--tenant-schema", "shop_{tenant}"];
    await expectRefused(project, args.slice(1), "--tenants <tenants>");
    const result = await runCli(project, [...args, "--tenants", "acme"]);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain("Nothing is recorded yet, because DATABASE_URL is not set.");
    expect(result.stdout).toContain(
      "DATABASE_URL=postgresql://... npx drizzle-fleet stamp --from-drizzle",
    );
    const environment = { DATABASE_URL: database.url };
    const stamped = await runCli(project, ["stamp", "--from-drizzle", "--yes"], environment);
    expect(stamped.stdout).toContain("Done: 1 ledger written");
    expect((await runCli(project, ["migrate"], environment)).stdout).toContain("Nothing to do");
  });

  test("writes no absolute path for a configuration elsewhere that computes its paths", async () => {
    const project = await createProject({
      "db/package.json": '{ "name": "shop" }',
      "db/drizzle.config.ts": `import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { out } from "./paths/out";
const here = dirname(fileURLToPath(import.meta.url));
export default { dialect: "postgresql", schema: [resolve(__dirname, "src/*.ts"), here + "/../more.ts"], out };
`,
      "db/paths/out.ts": `export const out = __dirname.replace("paths", "migrations");`,
      ...history("db/migrations", { "0000_a": `CREATE TABLE "users" ();` }),
    });
    const config = ["--config", "db/drizzle.config.ts"];
    const result = await runCli(project, ["init", "--yes", "--single-schema", "public", ...config]);
    expect(result).toMatchObject({ code: 0 });
    const text = await readFile(join(project, "db/drizzle.config.ts"), "utf8");
    expect(text).toContain('schema: ["./src/*.ts", "../more.ts"],');
    expect(text).toContain('out: "./migrations",');
    expect(result.stdout).toContain("stamp --from-drizzle --config db/drizzle.config.ts");
    expect(result.stdout).toContain("npx drizzle-fleet status --config db/drizzle.config.ts");
  });

  test("finds tenants without drizzle-orm's table by their tables, and shows how to stamp them", async () => {
    const database = await createDatabase();
    const project = await plainProject();
    await database.query(`CREATE SCHEMA shop_acme; CREATE TABLE shop_acme.users ()`);
    const environment = { DATABASE_URL: database.url };
    const result = await runCli(
      project,
      ["init", "--yes", "--tenant-schema", "shop_{tenant}"],
      environment,
    );
    expect(result).toMatchObject({ code: 5 });
    expect(result.stdout).toContain("1 tenant: acme");
    expect(result.stdout).toContain("npx drizzle-fleet stamp head --tenant acme");
    expect((await runCli(project, ["stamp", "head", "--yes"], environment)).code).toBe(0);
  });

  test("refuses a project that cannot become a fleet, and writes nothing", async () => {
    const project = await plainProject();
    const pattern = ["--tenant-schema", "shop_{tenant}"];
    const yes = ["--yes", ...pattern, "--tenants", "acme"];
    const password = { DATABASE_URL: "postgresql://u:s3cret@127.0.0.1:1/x" };
    await expectRefused(project, [], "init needs answers, but there is no terminal");
    await expectRefused(
      project,
      [],
      "--tenant-schema <pattern> or --single-schema <schema>, and --yes",
    );
    await expectRefused(project, pattern, "Run the same command with --yes");
    await expectRefused(project, ["--yes", "--tenant-schema", "shop"], "{tenant} once");
    await expectRefused(
      project,
      ["--yes", ...pattern, "--single-schema", "public"],
      "cannot be used together",
    );
    await expectRefused(project, [...yes.slice(0, -1), "a b;DROP"], "tenant id");
    await expectRefused(project, [...yes, "--url-variable", ""], "url");
    await expectRefused(project, yes, "is not a PostgreSQL URL", {
      DATABASE_URL: "mysql://s3cret@h/x",
    });
    const { url } = await createDatabase();
    await expectRefused(project, yes, "refused the connection", {
      DATABASE_URL: urlWith(url, { pathname: "/nowhere" }),
    });
    expect(await isThere(project, "drizzle.config.before-fleet.ts")).toBe(false);

    await writeFiles(project, { "drizzle.config.before-fleet.ts": "mine" });
    await expectRefused(project, yes, "drizzle.config.before-fleet.ts already exists", password);
    expect(await readFile(join(project, "drizzle.config.before-fleet.ts"), "utf8")).toBe("mine");
  });

  test.each([
    [{ dialect: "mysql" }, "dialect: must be postgresql"],
    [{ out: "./nowhere" }, "./nowhere contains no migrations"],
    [{ schema: undefined }, "schema: "],
  ])("refuses a configuration with %j", async (part, words) => {
    const config = { dialect: "postgresql", schema: "./s.ts", out: "./drizzle", ...part };
    const project = await createProject({
      "drizzle.config.ts": `export default ${JSON.stringify(config)};`,
    });
    await expectRefused(project, ["--yes", "--single-schema", "public"], words);
    expect(await isThere(project, "drizzle.config.before-fleet.ts")).toBe(false);
  });

  test("restores the old configuration if drizzle-fleet is not installed", async () => {
    const project = await plainProject();
    await run(project, "rm", ["node_modules/drizzle-fleet"]);
    await expectRefused(project, ["--yes", "--single-schema", "public"], "drizzle-fleet/config");
    expect(await isThere(project, "drizzle.config.before-fleet.ts")).toBe(false);
  });
});

const plainJson = JSON.stringify({
  dialect: "postgresql",
  schema: "./src/schema.ts",
  out: "./my migrations",
});
const plainCommonJs = `module.exports = ${plainJson};`;

describe.each([
  ["drizzle.config.ts", `export default ${plainJson};`, "journal", "drizzle.config.ts"],
  ["drizzle.config.ts", `export default ${plainJson};`, "folders", "drizzle.config.ts"],
  ["drizzle.config.js", plainCommonJs, "journal", "drizzle.config.js"],
  ["drizzle.config.js", plainCommonJs, "folders", "drizzle.config.js"],
  ["drizzle.config.cjs", plainCommonJs, "journal", "drizzle.config.cjs"],
  ["drizzle.config.json", plainJson, "journal", "drizzle.config.ts"],
] as const)("after init of %s %s %s", (before, text, layout, after) => {
  test("drizzle-kit generates and pushes as before, and git keeps the line endings", async () => {
    const database = await createDatabase();
    const config = after === "drizzle.config.cjs" ? ["--config", after] : [];
    const project = await createProject(
      {
        "package.json": '{ "name": "shop" }',
        [before]: text,
        "src/schema.ts": schema(""),
        ".gitattributes": "*.png binary",
      },
      layout,
    );
    const kit = (...args: string[]) =>
      run(project, process.execPath, ["node_modules/drizzle-kit/bin.cjs", ...args], {
        DATABASE_URL: database.url,
      });
    const option = before === after ? config : [];
    expect(await kit("generate", ...option)).toMatchObject({ code: 0 });
    const init = ["init", "--yes", "--single-schema", "public", "--no-stamp"];
    expect(await runCli(project, init)).toMatchObject({ code: 0 });
    expect(await isThere(project, before)).toBe(before === after);
    expect(await readFile(join(project, ".gitattributes"), "utf8")).toBe(
      '*.png binary\n"my migrations/**" text eol=lf\n',
    );
    await writeFiles(project, { "src/schema.ts": schema("name: text()") });
    const generated = await kit("generate", ...config);
    expect(generated.stdout + generated.stderr).toMatch(/\.sql|migration\.sql/);
    expect(await kit("push", "--force", ...config)).toMatchObject({ code: 0 });
    expect(await database.query("SELECT name FROM users")).toEqual([]);
    const history = await runCli(project, ["history", "--offline", "--json"]);
    expect(history).toMatchObject({ code: 0 });
  });
});

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, ended, runCli, start } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { configFile, createFolder, history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";
import { createTenantsProject } from "../support/tenants-project.ts";

const keys = { "Ctrl-C": "\u0003", "Ctrl-D": "\u0004" } as const;

/** Runs a command in a terminal, and sends keys after its question. */
async function answer(
  project: string,
  args: readonly string[],
  question: RegExp,
  typed: string,
  environment: Record<string, string> = {},
) {
  const command = `exec ${[process.execPath, join(repository, "dist/cli/main.js"), ...args].join(" ")}`;
  const child = start(
    project,
    "env",
    ["SHELL=/bin/sh", "script", "-qec", command, "/dev/null"],
    environment,
    "pipe",
  );
  let shown = "";
  let asked = false;
  child.stdout?.on("data", (chunk: Buffer) => {
    shown += chunk;
    if (asked || !question.test(shown)) return;
    asked = true;
    child.stdin?.write(typed);
  });
  const { code } = await ended(child);
  expect(asked, shown).toBe(true);
  return { code, shown };
}

const schema = (column: string) =>
  `import { pgTable, text } from "drizzle-orm/pg-core";\nexport const users = pgTable("users", { ${column} });\n`;

async function createAppProject(url: string): Promise<string> {
  const folder = await createProject({
    "drizzle.config.ts": configFile({
      databases: { main: { url } },
      services: {
        app: {
          ...{ schema: "./schema.ts", out: "./drizzle", database: "main" },
          tenantSchema: "app_{tenant}",
        },
      },
      tenants: ["acme"],
      connectTimeout: 5_000,
    }),
    "schema.ts": schema('name: text("name")'),
  });
  const made = await runCli(folder, ["generate", "--name", "users", "--no-proof"]);
  expect(made, made.stderr).toMatchObject({ code: 0 });
  return folder;
}

describe.each(Object.entries(keys))("%s at a prompt exits with 130", (_, key) => {
  test("of generate, and writes nothing", async () => {
    const folder = await createAppProject("postgres://localhost/none");
    await writeFile(join(folder, "schema.ts"), schema('title: text("title")'));
    const before = await readdir(join(folder, "drizzle"));
    const { code, shown } = await answer(folder, ["generate", "--no-proof"], /Choose 1-2: /, key);
    expect(code).toBe(130);
    expect(shown).toContain("interrupted");
    expect(await readdir(join(folder, "drizzle"))).toEqual(before);
    // A dumb terminal must get no escape sequences, even when a character is deleted.
    const typed = `9\u007f${key}`;
    const dumb = await answer(folder, ["generate", "--no-proof"], /Choose 1-2: /, typed, {
      TERM: "dumb",
    });
    expect(dumb.code).toBe(130);
    expect(dumb.shown).not.toContain("\u001b");
  });

  test("of stamp and repair, and records nothing", async () => {
    const database = await createDatabase();
    const folder = await createAppProject(database.url);
    await database.query("CREATE SCHEMA app_acme CREATE TABLE users (name text)");
    const stamp = await answer(folder, ["stamp", "head"], /\[y\/N\] /, key);
    expect(stamp.code).toBe(130);
    expect(await database.query("SELECT to_regclass('app_acme.__fleet_ledger') AS ledger")).toEqual(
      [{ ledger: null }],
    );
    expect((await runCli(folder, ["stamp", "head", "--yes"])).code).toBe(0);
    const file = join(folder, "drizzle/0000_users.sql");
    await writeFile(file, `${await readFile(file, "utf8")}\n-- reviewed\n`);
    expect((await answer(folder, ["repair"], /\[y\/N\] /, key)).code).toBe(130);
  });
});

describe("tenants remove", () => {
  test("checks and shows what it would delete before it asks; with -y, it does not ask", async () => {
    const project = await createTenantsProject();
    const { folder, environment } = project;
    const cli = (...args: string[]) => runCli(folder, ["tenants", ...args], environment);
    expect((await cli("add", "acme")).code).toBe(0);
    const unknown = await cli("remove", "acmee");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("tenant acmee does not exist");
    const asking = ["tenants", "remove", "acme"];
    const left = await answer(folder, asking, /to confirm: /, keys["Ctrl-C"], environment);
    expect(left.code).toBe(130);
    expect(left.shown).toContain(
      "This permanently deletes all data of tenant acme (active): app_acme, crm_acme.",
    );
    const other = await answer(folder, asking, /to confirm: /, "beta\r", environment);
    expect(other.code).toBe(2);
    expect((await cli("remove", "acme", "-y")).code).toBe(0);
  });

  test("tenants add refuses an admin that no service can create before the first step", async () => {
    const { folder, environment, database } = await createTenantsProject();
    await writeFile(
      join(folder, "seed.ts"),
      `import { defineSeed } from "drizzle-fleet/config"; export default defineSeed({ async seed() {} });`,
    );
    const args = ["tenants", "add", "acme", "--admin-email", "a@example.com"];
    const refused = await runCli(folder, args, { ...environment, ADMIN_PASSWORD: "long enough" });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("no service can create an admin");
    expect(refused.stderr).toContain("or omit --admin-email");
    expect(refused.stderr).not.toContain("registered");
    expect(
      await database.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'app_%'"),
    ).toEqual([]);
  });
});

describe("services are the last arguments, or --service", () => {
  const files = {
    "drizzle.config.ts": configFile({
      databases: { main: {} },
      services: Object.fromEntries(
        ["app", "shop"].map((name) => [
          name,
          {
            ...{ schema: "./schema.ts", out: `./drizzle/${name}`, database: "main" },
            tenantSchema: `${name}_{tenant}`,
          },
        ]),
      ),
      tenants: ["acme"],
      connectTimeout: 5_000,
    }).replace('"main":{}', '"main":{ url: process.env.MAIN_URL }'),
    ...history("drizzle/app", { "0000_t": "CREATE TABLE t (id int);" }),
    ...history("drizzle/shop", { "0000_t": "CREATE TABLE t (id int);" }),
    "drizzle/app/0000_t.down.sql": "DROP TABLE t;",
    "drizzle/shop/0000_t.down.sql": "DROP TABLE t;",
  };

  test("in every verb that works on services", async () => {
    const { url } = await createDatabase();
    const folder = await createProject(files);
    const servicesOf = (stdout: string) => [
      ...new Set([...stdout.matchAll(/"service": ?"(\w+)"/g)].map(([, name]) => name)),
    ];
    for (const way of [["shop"], ["--service", "shop"], ["-s", "shop", "shop"]])
      for (const verb of [
        ...[["plan"], ["migrate"], ["status"], ["history"], ["heads"], ["check"]],
        ...[
          ["repair", "-y"],
          ["downgrade", "-1"],
          ["stamp", "head", "-y"],
          ["downgrade", "base"],
        ],
      ]) {
        const args = [...verb, ...way, "--json"];
        const { code, stdout, stderr } = await runCli(folder, args, { MAIN_URL: url });
        expect(code, `${args.join(" ")}: ${stderr}`).not.toBe(2);
        expect(servicesOf(stdout), args.join(" ")).not.toContain("app");
        if (verb[0] !== "repair") expect(servicesOf(stdout), args.join(" ")).toEqual(["shop"]);
      }
    const twice = await runCli(folder, ["status", "app", "--service", "shop"], { MAIN_URL: url });
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain(
      "the services given as arguments (app) differ from those given with --service (shop)",
    );
    const wrong = await runCli(folder, ["migrate", "shp", "--json"], { MAIN_URL: url });
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ type: "error", code: "usage" });
  });
});

test("with --json, invalid usage is reported as JSON", async () => {
  const folder = await createFolder();
  for (const args of [
    ["migrat", "--json"],
    ["migrate", "--nope", "--json"],
    ["check", "--format", "json", "--nope"],
    ["status", "--json"],
  ]) {
    const { code, stdout, stderr } = await runCli(folder, args);
    expect(code, args.join(" ")).toBe(2);
    expect(stderr, args.join(" ")).toMatch(/^error: /);
    expect(JSON.parse(stdout), args.join(" ")).toMatchObject({
      ...{ type: "error", code: expect.stringMatching(/usage|config/) },
      ...{ message: expect.any(String), remedy: expect.any(String), problems: [] },
    });
  }
});

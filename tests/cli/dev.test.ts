import type { ChildProcess } from "node:child_process";
import { cp, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProject, ended, link, runCli, startCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { createFolder, history } from "../support/fleet.ts";
import { runningProcesses } from "../support/processes.ts";
import { repository } from "../support/repository.ts";

/** A project of one service whose databases are embedded, in a folder of the project. */
async function createEmbeddedProject(): Promise<string> {
  const project = await createProject({
    "drizzle.config.ts": `import { defineFleet, env } from "drizzle-fleet/config";
export default defineFleet({
  databases: { main: { url: env("DATABASE_URI") } },
  services: { app: { schema: "./schema/app", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" } },
  tenants: ["a", "b"],
  embedded: { folder: ".data", port: 54391 },
});`,
    "schema/app/t.ts": `import { integer, pgTable } from "drizzle-orm/pg-core";\nexport const t = pgTable("t", { id: integer() });\n`,
  });
  onTestFinished(async () => {
    await runCli(project, ["dev", "--death"]);
  });
  // A proof would start the server and leave its data behind.
  await runCli(project, ["generate", "--name", "init", "--no-proof"]);
  return project;
}

/** Waits until a process has written something to standard error. */
function says(child: ChildProcess, words: string | RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.match(words) !== null) resolve(text);
    });
    child.on("close", () => reject(new Error(`ended without saying ${words}:\n${text}`)));
  });
}

/** The server's pid while it runs. */
async function serverPid(project: string): Promise<number | undefined> {
  const text = await readFile(join(project, ".data/postgres/data/postmaster.pid"), "utf8").catch(
    () => "",
  );
  return text === "" ? undefined : Number(text.split("\n")[0]);
}

describe("the embedded database", () => {
  test("is started by a command that announces it, stopped at the end, and keeps its data", async () => {
    const project = await createEmbeddedProject();
    const first = await runCli(project, ["migrate"]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toMatch(
      /^DATABASE_URI not set:\nembedded PostgreSQL on 127\.0\.0\.1:\d+, data in \.data\n/,
    );
    expect(await serverPid(project)).toBeUndefined();
    expect((await runCli(project, ["migrate"])).stdout).toContain(
      "Nothing to do: 2 targets at head.",
    );
    expect((await stat(join(project, ".data/pgpass"))).mode & 0o777).toBe(0o600);
  });

  test("is shared by concurrent commands and stopped by the last one", async () => {
    const project = await createEmbeddedProject();
    const results = await Promise.all([1, 2, 3, 4].map(() => runCli(project, ["migrate"])));
    for (const { code, stderr } of results) expect(code, stderr).toBe(0);
    expect(await serverPid(project)).toBeUndefined();
  });

  test("keeps running if its command is killed, until the next command uses and stops it", async () => {
    const project = await createEmbeddedProject();
    const child = startCli(project, ["dev", "--infra"]);
    await says(child, "Running.");
    child.kill("SIGKILL");
    await ended(child);
    const pid = await serverPid(project);
    expect(pid).toBeGreaterThan(0);
    process.kill(pid ?? 0, 0);
    expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
    expect(await serverPid(project)).toBeUndefined();
    // In a container without an init process, dead processes stay zombies, which have no command line.
    const left = (await runningProcesses()).find((one) => one.pid === pid);
    expect(left?.commandLine ?? "").toBe("");
  });

  test("is recovered by the next command after the server was killed", async () => {
    const project = await createEmbeddedProject();
    const child = startCli(project, ["dev"]);
    await says(child, "Running.");
    process.kill((await serverPid(project)) ?? 0, "SIGKILL");
    child.kill("SIGTERM");
    await ended(child);
    const result = await runCli(project, ["migrate"]);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain("Nothing to do: 2 targets at head.");
  });
});

/** Waits until the output of dev since the last call contains some words. */
function saysNext(child: ChildProcess): (words: string) => Promise<void> {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    child.emit("said");
  });
  return async (words) => {
    while (!text.includes(words)) await new Promise((done) => child.once("said", done));
    text = text.slice(text.indexOf(words) + words.length);
  };
}

describe("dev", () => {
  test("watches all files that a schema and the configuration import, also outside the project and missing ones", async () => {
    const database = await createDatabase();
    const monorepo = await createFolder({
      "pnpm-workspace.yaml": "packages: ['*']",
      "names/package.json": '{ "name": "@acme/names", "type": "module", "main": "index.js" }',
      "names/index.js": 'export const name = "by_sibling";',
      "shared/columns.ts": 'export const column = "first";',
      "app/drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";
import { out } from "./settings.ts";
export default defineFleet({
  databases: { main: { url: "${database.url}" } },
  services: { app: { schema: "./schema/*.ts", out, database: "main", tenantSchema: "app_{tenant}" } },
  tenants: [],
});`,
      "app/settings.ts": 'export const out = "./drizzle";',
      "app/package.json": '{ "type": "module" }',
      "app/schema/t.ts": `import { pgTable, text } from "drizzle-orm/pg-core";
import { name } from "@acme/names";
import { column } from "../../shared/columns.ts";
export const t = pgTable(name, { column: text(column) });
`,
    });
    const app = join(monorepo, "app");
    const change = (file: string, text: string) => writeFile(join(monorepo, file), text);
    await link(app);
    await mkdir(join(app, "node_modules/@acme"));
    await symlink(join(monorepo, "names"), join(app, "node_modules/@acme/names"));
    const child = startCli(app, ["dev", "--skip-migrations"]);
    const next = saysNext(child);
    await next('CREATE TABLE "by_sibling"');
    await change("names/index.js", 'export const name = "by_another";');
    await next('CREATE TABLE "by_another"');
    await change("shared/columns.ts", 'export { column } from "./new/column.js";');
    await next("./new/column.js");
    await mkdir(join(monorepo, "shared/new"));
    await change("shared/new/column.ts", 'export const column = "just_made";');
    await next('"just_made" text');
    await change("shared/new/column.ts", 'export const column = "changed";');
    await next('"changed" text');
    await change("app/settings.ts", 'export const out = "";');
    await next("services.app.out");
    await change("app/settings.ts", 'export const out = "./elsewhere";');
    await next('"changed" text');
    child.kill("SIGTERM");
    expect((await ended(child)).code).toBe(0);
  });

  test("migrates, shows how to connect, announces a change without a migration, and ends with a signal", async () => {
    const project = await createEmbeddedProject();
    const child = startCli(project, ["dev"]);
    const end = ended(child);
    const text = await says(child, "Running. Press Ctrl-C to stop.");
    expect(text).toContain("Done: 2 migrations applied, 2 targets at head.");
    const [, file = "", port = ""] =
      /main: PGPASSFILE=(\S+) psql -h 127\.0\.0\.1 -p (\d+) -U migrator main/.exec(text) ?? [];
    const lines = (await readFile(join(project, file), "utf8")).trim().split("\n");
    const [password = ""] = lines.flatMap((line) => /:migrator:(.*)$/.exec(line)?.[1] ?? []);
    for (const line of lines) expect(text).not.toContain(line.split(":")[4]);
    const client = new pg.Client({
      host: "127.0.0.1",
      port: Number(port),
      user: "migrator",
      password,
      database: "main",
    });
    await client.connect();
    expect((await client.query(`SELECT count(*)::int FROM app_a.t`)).rows).toEqual([{ count: 0 }]);
    await client.end();

    const announced = says(child, "has changes without a migration");
    await writeFile(
      join(project, "schema/app/more.ts"),
      `import { text, pgTable } from "drizzle-orm/pg-core";\nexport const u = pgTable("u", { name: text() });\n`,
    );
    expect(await announced).toContain('CREATE TABLE "u"');
    const settled = says(child, "Every schema change has a migration.");
    await writeFile(join(project, "schema/app/more.ts"), "export {};\n");
    await settled;
    child.kill("SIGTERM");
    expect((await end).code).toBe(0);
    expect(await serverPid(project)).toBeUndefined();
  });

  test("runs the program after -- with the URLs of the databases, and ends with its exit code", async () => {
    const project = await createEmbeddedProject();
    const script = `const pg = require(${JSON.stringify(join(repository, "node_modules/pg"))});
const client = new pg.Client(process.env.DATABASE_URI);
client.connect().then(() => client.query("SELECT count(*)::int AS n FROM app_b.t")).then(({ rows }) => { console.log("rows", rows[0].n, process.argv[2]); process.exit(7); });`;
    await writeFile(join(project, "program.cjs"), script);
    const result = await runCli(project, ["dev", "--", process.execPath, "program.cjs", "--flag"]);
    expect(result).toMatchObject({ code: 7, stdout: "rows 0 --flag\n" });
    expect((await runCli(project, ["dev", "--", "no-such-program"])).stderr).toContain(
      "cannot run no-such-program",
    );
  });

  test.each([
    [["dev", "--skip-migrations"], {}],
    [["dev"], { SKIP_MIGRATIONS: "true" }],
    [["dev", "--infra"], {}],
  ] as [string[], Record<string, string>][])(
    "does not migrate with %j and %j",
    async (args, environment) => {
      const project = await createEmbeddedProject();
      const child = startCli(project, args, environment);
      const text = await says(child, "Running.");
      expect(text).not.toContain("applied");
      child.kill("SIGINT");
      expect((await ended(child)).code).toBe(0);
      expect((await runCli(project, ["status"])).stdout).toContain("Not at head: 2 of 2 targets.");
    },
  );

  test("does not start the program after Ctrl-C during the migration", async () => {
    const project = await createEmbeddedProject();
    const slow = history("drizzle/app", { "0000_init": "SELECT pg_sleep(1.5);" });
    for (const [name, text] of Object.entries(slow)) await writeFile(join(project, name), text);
    const child = startCli(project, ["dev", "--", process.execPath, "-e", "console.log('ran')"]);
    await says(child, "embedded PostgreSQL");
    setTimeout(() => child.kill("SIGINT"), 700);
    expect(await ended(child)).toMatchObject({ code: 0, stdout: "" });
  });

  test("does not start the program if a migration failed", async () => {
    const project = await createEmbeddedProject();
    const broken = history("drizzle/app", { "0000_bad": "SELECT 1/0;" });
    for (const [name, text] of Object.entries(broken)) await writeFile(join(project, name), text);
    const result = await runCli(project, [
      "dev",
      "--",
      process.execPath,
      "-e",
      "console.log('ran')",
    ]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain("SQLSTATE 22012");
  });
});

describe("dev --death", () => {
  test("deletes the embedded data and nothing else", async () => {
    const project = await createEmbeddedProject();
    await runCli(project, ["migrate"]);
    await cp(join(project, "drizzle.config.ts"), join(project, ".data/mine.txt"));
    expect(await runCli(project, ["dev", "--death"])).toMatchObject({
      code: 0,
      stdout: "Deleted the embedded databases and their data.\n",
    });
    await stat(join(project, ".data/mine.txt"));
    await expect(stat(join(project, ".data/postgres"))).rejects.toThrow("ENOENT");
    expect(await runCli(project, ["dev", "--death"])).toMatchObject({
      code: 0,
      stdout: "There are no embedded databases to delete.\n",
    });
  });

  test("deletes a database whose password is lost", async () => {
    const project = await createEmbeddedProject();
    await runCli(project, ["migrate"]);
    await rm(join(project, ".data/pgpass"));
    const lost = await runCli(project, ["migrate"]);
    expect(lost.stderr).toMatch(/password is lost: .*drizzle-fleet dev --death/s);
    expect(await runCli(project, ["dev", "--death"])).toMatchObject({ code: 0 });
    expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  });

  test("does not delete a folder that it did not create, or data that a server is using", async () => {
    const project = await createEmbeddedProject();
    await mkdir(join(project, ".data/postgres"), { recursive: true });
    await writeFile(join(project, ".data/postgres/init.sql"), "-- mine");
    expect(await runCli(project, ["dev", "--death"])).toMatchObject({
      stdout: "There are no embedded databases to delete.\n",
    });
    await stat(join(project, ".data/postgres/init.sql"));

    const child = startCli(project, ["dev", "--infra"]);
    await says(child, "Running.");
    const link = `${project}-link`;
    await symlink(project, link);
    const result = await runCli(link, [
      "dev",
      "--death",
      "--config",
      join(link, "drizzle.config.ts"),
    ]);
    await rm(link);
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr).toContain("in use by another command");
    await stat(join(project, ".data/postgres/data/PG_VERSION"));
    child.kill("SIGTERM");
    await ended(child);
  });

  test("is refused while the server is in use, with a configured database, and in production", async () => {
    const project = await createEmbeddedProject();
    const child = startCli(project, ["dev", "--infra"]);
    await says(child, "Running.");
    const busy = await runCli(project, ["dev", "--death"]);
    expect(busy).toMatchObject({ code: 2 });
    expect(busy.stderr).toContain("in use by another command");
    child.kill("SIGTERM");
    await ended(child);
    const url = await runCli(project, ["dev", "--death"], {
      DATABASE_URI: "postgresql://u:s3cret@db.example:5432/prod",
    });
    expect(url).toMatchObject({ code: 2 });
    expect(url.stderr).toContain(
      "only the embedded database can be deleted, but DATABASE_URI is set",
    );
    const production = await runCli(project, ["dev", "--death"], { NODE_ENV: "production" });
    expect(production).toMatchObject({ code: 2 });
    await stat(join(project, ".data/postgres/data"));
  });
});

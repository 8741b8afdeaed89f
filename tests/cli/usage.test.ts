import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, ended, run, runCli, startCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

/** A configuration file for two services of one database, whose URL is in DATABASE_URI. */
function config(more = ""): string {
  return `import { defineFleet, env } from "drizzle-fleet/config";
export default defineFleet({
  databases: { main: { url: env("DATABASE_URI") } },
  services: {
    app: { schema: "./schema/app", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" },
    shop: { schema: "./schema/shop", out: "./drizzle/shop", database: "main", tenantSchema: "shop_{tenant}" },
  },
  tenants: ["default", "toshiba", "iopex"],
  connectTimeout: 500,
  ${more}
});`;
}

const files = {
  "drizzle.config.ts": config(),
  ...history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` }),
  ...history("drizzle/shop", { "0000_t": `CREATE TABLE "t" ("id" integer);` }),
};

/** Runs the command line and prints every module it loads to stderr. */
function trace(folder: string, args: readonly string[], environment = {}) {
  const tracing = ["--import", `data:text/javascript,${encodeURIComponent(tracer)}`];
  return run(
    folder,
    process.execPath,
    [...tracing, join(repository, "dist/cli/main.js"), ...args],
    environment,
  );
}

describe("usage", () => {
  test("--help lists the verbs without loading drizzle-kit, the driver or the parser", async () => {
    const traced = await trace(repository, ["--help"]);
    expect(traced.code).toBe(0);
    for (const verb of ["generate", "check", "migrate", "stamp", "status", "dev", "init"])
      expect(traced.stdout).toContain(`  ${verb}`);
    expect(traced.stderr).toContain("dist/cli/main.js");
    expect(traced.stderr).not.toMatch(/drizzle-kit|drizzle-orm|\/pg\/|libpg-query|esbuild|zod/);
  });

  test("loads drizzle-orm only to record or look up something", async () => {
    const { url } = await createDatabase();
    const project = await createProject(files);
    const loads = async (...args: string[]) => {
      const { code, stderr } = await trace(project, args, { DATABASE_URI: url });
      expect(code).toBeLessThan(2);
      expect(stderr).toContain("/pg/");
      return /\/drizzle-orm\//.test(stderr);
    };
    expect(await loads("status")).toBe(false);
    expect(await loads("rollouts")).toBe(false);
    expect(await loads("migrate")).toBe(true);
    expect(await loads("migrate")).toBe(false);
    expect(await loads("rollouts")).toBe(true);
  });

  test.each([
    [["migrat"], "unknown command"],
    [["migrate", "--nope"], "unknown option"],
    [["generate", "--custom"], "requires a service"],
    [["migrate", "--tennant", "acme"], "Did you mean --tenant?"],
    [["migrate", "--on-error", "stp"], "Allowed choices are continue, stop."],
    [["migrate", "--quiet", "--verbose"], "cannot be used with"],
    [["tenants", "lst"], "Did you mean list?"],
    [["tenants", "list", "--status", "activ"], "Allowed choices are provisioning, copying, active"],
  ])("exits with 2 for %j", async (args, words) => {
    const result = await runCli(repository, args);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(words);
  });

  test("suggests similar names for an unknown tenant or service, and runs nothing", async () => {
    const project = await createProject(files);
    const tenant = await runCli(project, ["migrate", "--tenant", "toshbia"]);
    expect(tenant).toMatchObject({ code: 2, stdout: "" });
    expect(tenant.stderr).toContain('tenant "toshbia" does not exist');
    expect(tenant.stderr).toContain("Did you mean toshiba? Known: default, toshiba, iopex.");
    const service = await runCli(project, ["status", "--service", "ap"]);
    expect(service.stderr).toContain("Did you mean app");
  });

  test("reports a folder without a configuration", async () => {
    const result = await runCli(await createProject({}), ["status"]);
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr).toContain("there is no drizzle.config.ts");
  });

  test("reports all problems of a configuration at once, with their paths", async () => {
    const broken = config('concurrency: 0, extra: 1, embedded: { port: "x" },').replace(
      'database: "main", tenantSchema: "app_{tenant}"',
      'database: "man", tenantSchema: "app"',
    );
    const result = await runCli(await createProject({ ...files, "drizzle.config.ts": broken }), [
      "status",
    ]);
    expect(result.code).toBe(2);
    for (const path of [
      "services.app.tenantSchema",
      "concurrency",
      "embedded.port",
      "defineFleet: Unrecognized key",
    ]) {
      expect(result.stderr).toContain(path);
    }
  });

  test("shows file, line and caret of a syntax error in the configuration", async () => {
    const result = await runCli(
      await createProject({ "drizzle.config.ts": "export default {\n  a: 1,,\n};" }),
      ["status"],
    );
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr).toMatch(/drizzle\.config\.ts:2:8: .*\n\s+a: 1,,\n\s+\^/);
  });

  test("refuses tenant names that PostgreSQL would truncate, or that try to inject SQL", async () => {
    const project = await createProject(files);
    const long = "x".repeat(64);
    const result = await runCli(project, ["migrate"], { TENANTS: `ok ${long} x";DROP` });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain('the tenant id "x\\";DROP" is not allowed');
    const cut = await runCli(project, ["migrate"], { TENANTS: `ok ${long}` });
    expect(cut.stderr).toContain(`the schema name app_${long} is 68 bytes long`);
  });

  test("reports an empty filter as an error instead of selecting everything", async () => {
    const project = await createProject(files);
    for (const TENANTS of ["", "  "]) {
      const result = await runCli(project, ["migrate"], { TENANTS });
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(result.stderr).toContain("TENANTS is set but names no tenant");
    }
    for (const option of ["--tenant", "--service", "--database"]) {
      const result = await runCli(project, ["status", option, " "]);
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(result.stderr).toContain("It is empty. Give a value, or omit the option.");
    }
  });

  test("refuses two services that map to the same schema", async () => {
    const same = config().replace("shop_{tenant}", "app_{tenant}");
    const result = await runCli(await createProject({ ...files, "drizzle.config.ts": same }), [
      "migrate",
    ]);
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr).toContain(
      "service app (tenant default) and service shop (tenant default) map to the same schema app_default",
    );
  });

  test("names an unset variable in production", async () => {
    const result = await runCli(await createProject(files), ["migrate"], {
      NODE_ENV: "production",
    });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(
      "the environment variable DATABASE_URI is not set (with NODE_ENV=production",
    );
  });

  test("sets unset variables from .env next to the configuration", async () => {
    const project = await createProject({
      ...files,
      ".env": "DATABASE_URI=postgresql://u:s3cret@127.0.0.1:1/x\n",
    });
    const result = await runCli(project, ["status"]);
    expect(result).toMatchObject({ code: 1 });
    expect(result.stderr).toContain("127.0.0.1:1/x did not accept a connection within 0.5 s");
  });

  test("prints no password", async () => {
    const { url } = await createDatabase();
    const project = await createProject(files);
    const password = "s3cret-pässword";
    const wrong = Object.assign(new URL(url), { username: "nobody_here", password }).href;
    const urls = [
      wrong,
      `postgresql://u:${password}@127.0.0.1:1/x`,
      `mysql://u:${password}@h/x`,
      `postgresql://u:${password}@[`,
      `u:${password}@h`,
    ];
    for (const DATABASE_URI of urls) {
      for (const args of [
        ["migrate"],
        ["migrate", "--json"],
        ["status"],
        ["dev", "--infra"],
        ["dev", "--death"],
      ]) {
        const { code, stdout, stderr } = await runCli(project, args, { DATABASE_URI });
        expect(code).toBeGreaterThan(0);
        expect(stdout + stderr).not.toMatch(/s3cret|%C3%A4/);
      }
    }
  });
});

describe("results", () => {
  test("with --quiet are only problems, with --verbose every outcome", async () => {
    const { url } = await createDatabase();
    const project = await createProject(files);
    const environment = { DATABASE_URI: url };
    const migrate = (...args: string[]) => runCli(project, ["migrate", ...args], environment);
    const quiet = await migrate("--quiet", "--tenant", "default");
    expect(quiet).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const verbose = await migrate("--verbose");
    expect(verbose.code).toBe(0);
    expect(verbose.stderr).toMatch(/^app\/toshiba: succeeded, 1 applied in \d+ ms$/m);
    expect(verbose.stderr).toMatch(/^app\/default: skipped$/m);

    const failing = history("drizzle/shop", {
      "0000_t": `CREATE TABLE "t" ("id" integer);`,
      "0001_u": "SELECT 1/0;",
    });
    for (const [path, text] of Object.entries(failing)) await writeFile(join(project, path), text);
    const failed = await migrate("-q");
    expect(failed).toMatchObject({ code: 5, stderr: "" });
    expect(failed.stdout).toMatch(/^x 3 targets: shop\/default, shop\/toshiba, shop\/iopex\n/);
    expect(failed.stdout).toContain("division by zero");
    expect(failed.stdout).toContain("npx drizzle-fleet migrate --failed");
  });

  test("of migrate and status are text, JSON and exit codes", async () => {
    const { url } = await createDatabase();
    const project = await createProject(files);
    const environment = { DATABASE_URI: url };
    const before = await runCli(project, ["status"], environment);
    expect(before.stdout).toContain("app/default");
    expect(before.stdout).toContain("Not at head: 6 of 6 targets.");
    const migrated = await runCli(
      project,
      ["migrate", "-t", "default", "-t", "iopex"],
      environment,
    );
    expect(migrated.code).toBe(0);
    expect(migrated.stdout).toContain("Done: 4 migrations applied, 4 targets at head.");
    expect(migrated.stderr).toContain("app/iopex: succeeded, 1 applied");
    const json = await runCli(project, ["status", "--json"], environment);
    expect(JSON.parse(json.stdout)).toMatchObject({
      atHead: 4,
      targets: expect.arrayContaining([
        expect.objectContaining({ tenant: "toshiba", current: null, head: "0000_t", pending: 1 }),
      ]),
    });
    const events = (await runCli(project, ["migrate", "--json"], environment)).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      type: "rolloutStarted",
      id: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{4}$/),
      waves: 1,
      targets: 6,
      steps: 2,
    });
    expect(events.at(-1)).toEqual({
      type: "summary",
      targets: 6,
      succeeded: 2,
      skipped: 4,
      failed: 0,
      notExecuted: 0,
      inDoubt: 0,
      applied: 2,
      failures: [],
      stopped: null,
    });
    const again = await runCli(project, ["migrate"], environment);
    expect(again.stdout).toContain("Nothing to do: 6 targets at head.");
  });

  test("of a failed target are exit code 5, tenant, file, line, SQLSTATE and what to do", async () => {
    const { url } = await createDatabase();
    const project = await createProject({
      ...files,
      ...history("drizzle/shop", { "0000_t": `SELECT 1;\nSELECT 1/0;` }),
    });
    const result = await runCli(project, ["migrate"], { DATABASE_URI: url });
    expect(result.code).toBe(5);
    expect(result.stdout).toMatch(
      /x 3 targets: shop\/default, shop\/toshiba, shop\/iopex\n {2}division by zero \(SQLSTATE 22012\)\n {2}at drizzle\/shop\/0000_t\.sql:2\n/,
    );
    expect(result.stdout).toContain("Fix the data or the schema, or correct the migration");
    expect(result.stdout).toContain("3 of 6 targets failed.");
  });

  test("do not end the rollout if the reader stops reading, as head does", async () => {
    const { url } = await createDatabase();
    const project = await createProject(files);
    const child = startCli(project, ["migrate", "--json"], { DATABASE_URI: url });
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect((await ended(child)).code).toBe(0);
    expect((await runCli(project, ["status"], { DATABASE_URI: url })).stdout).toContain(
      "All 6 targets are at head.",
    );
  });

  test("group many targets by their position", async () => {
    const { url } = await createDatabase();
    const project = await createProject(files);
    const TENANTS = Array.from({ length: 40 }, (_, index) => `t${index}`).join(" ");
    const { stdout } = await runCli(project, ["status", "--service", "app"], {
      DATABASE_URI: url,
      TENANTS,
    });
    expect(stdout).toMatch(
      /service +current +pending +state +targets +tenants\napp +\(none\) +1 +behind +40 +t0, t1, t2, \.\.\./,
    );
  });
});

describe("damaged migration folders", () => {
  const journal = "drizzle/app/meta/_journal.json";
  test.each([
    ["missing", undefined, "service app has no journal: drizzle/app/meta/_journal.json is missing"],
    ["not JSON", "{", "drizzle/app/meta/_journal.json: the journal is malformed: it is not JSON"],
    ["in conflict", "<<<<<<< HEAD\n{}\n=======\n", "the journal contains git's conflict markers"],
    [
      "of another shape",
      '{"version":"7","dialect":"postgresql","entries":[{"idx":"a"}]}',
      "entries.0.idx",
    ],
    [
      "listing a file that is missing",
      history("drizzle/app", { "0007_gone": "" })[journal] ?? "",
      "drizzle/app/0007_gone.sql is missing, although the journal lists it",
    ],
  ])("exit with 2 for a journal that is %s", async (_, text, words) => {
    const project = await createProject(files);
    if (text === undefined)
      await writeFile(
        join(project, "drizzle.config.ts"),
        config().replace("./drizzle/app", "./drizzle/none"),
      );
    else await writeFile(join(project, journal), text);
    const result = await runCli(project, ["migrate", "--service", "app"], {
      DATABASE_URI: "postgresql://u@127.0.0.1:1/x",
    });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(
      words.replace(
        "drizzle/app/meta/_journal.json is missing",
        text === undefined ? "drizzle/none/meta/_journal.json is missing" : "",
      ),
    );
    expect(result.stderr).toContain("-> ");
  });

  test("show file, line and caret of SQL that does not parse", async () => {
    const { url } = await createDatabase();
    const project = await createProject({
      ...files,
      ...history("drizzle/app", {
        "0000_t": `CREATE TABLE "t" ("größe" text);\n\n  CREATE TABEL "u" ();`,
      }),
    });
    const result = await runCli(project, ["migrate"], { DATABASE_URI: url });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(
      /drizzle\/app\/0000_t\.sql:3:10: syntax error at or near "TABEL"\n {4}CREATE TABEL "u" \(\);\n {11}\^/,
    );
  });

  test("--version prints the version of the package", async () => {
    const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
    expect((await runCli(repository, ["--version"])).stdout.trim()).toBe(version);
  });
});

/** Prints the path of every module that is loaded. */
const tracer = `
import { _cache, register } from "node:module";
import { writeSync } from "node:fs";
// What was loaded by require.
process.on("exit", () => writeSync(2, Object.keys(_cache).join("\\n")));
register("data:text/javascript," + encodeURIComponent(\`
  import { writeSync } from "node:fs";
  export async function load(url, context, next) { writeSync(2, url + "\\\\n"); return next(url, context); }
\`));`;

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, test, vi } from "vitest";
import { type CliResult, createProject, ended, runCli, startCli } from "../support/cli.ts";
import { createDatabase, createRole, type TestDatabase, urlWith } from "../support/database.ts";
import { configFile, createFolder, type Files, history, writeFiles } from "../support/fleet.ts";

// Every piece of every password begins with zqx, which occurs nowhere else, so a piece is found even if the password
// was encoded, cut or masked.
const owners = `zqxA:zqxB@zqxC/zqxD%zqxE?zqxF"zqxG\\zqxH'zqxI#zqxJ zqxK`;
const applications = `zqxL"zqxM\\zqxN@zqxO%41zqxP`;
const admins = `zqxQ@zqxR/zqxS"zqxT\\zqxU`;
const piece = /zqx/i;

// The tests start many small processes, which take long on a busy machine.
vi.setConfig({ testTimeout: 150_000 });

const seedModule = `
import { defineSeed } from "drizzle-fleet/config";
import { sql } from "drizzle-orm";
const { MAIN_URL, DB_PASSWORD_SERVER, ADMIN_PASSWORD } = process.env;
export default defineSeed({
  async seed(database, { attributes }) {
    if (attributes.fail === "url") throw new Error("no way to " + MAIN_URL);
    if (attributes.fail === "password") throw new Error("refused: " + DB_PASSWORD_SERVER);
    if (attributes.fail === "json") throw new Error(JSON.stringify({ password: DB_PASSWORD_SERVER }));
    if (attributes.fail === "encoded") throw new Error(encodeURIComponent(DB_PASSWORD_SERVER));
  },
  async createAdminUser(database, { email, passwordHash }) {
    await database.execute(sql\`insert into users values (\${email}, \${passwordHash})\`);
    if (email.startsWith("fail")) throw new Error("the admin has failed: " + ADMIN_PASSWORD);
    if (email.startsWith("twice")) await database.execute(sql\`insert into users values (\${email}, \${passwordHash})\`);
  },
});`;

const migrations = {
  "0000_init": "CREATE TABLE users (email text PRIMARY KEY, secret text);",
  "0001_more": "ALTER TABLE users ADD COLUMN more text;",
};

const later = { ...migrations, "0002_later": "CREATE TABLE later (id integer);" };

interface Project {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly environment: Record<string, string>;
}

function fleetFile(main: object, more: object = {}): string {
  return configFile({
    databases: { main },
    services: {
      app: {
        ...{ schema: "./schema.ts", out: "./drizzle/app", database: "main" },
        ...{ tenantSchema: "app_{tenant}", seed: "./seed.ts" },
        acceptUnproved: ["0002_terminated"],
      },
    },
    connectTimeout: 300,
    retry: { attempts: 1 },
    ...more,
  });
}

async function createSecretsProject(files: Files = {}): Promise<Project> {
  const database = await createDatabase();
  const owner = await createRole(database);
  const application = await createRole(database, { mayCreate: false });
  for (const [role, password] of [
    [owner.role, owners],
    [application.role, applications],
  ] as const)
    await database.query(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(password)}`);
  const folder = await createProject({
    "drizzle.config.ts": fleetFile({ url: { environmentVariable: "MAIN_URL" } }),
    "schema.ts": `import { pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { email: text().primaryKey(), secret: text(), more: text() });`,
    "seed.ts": seedModule,
    ...history("drizzle/app", migrations),
    ...files,
  });
  const environment = {
    MAIN_URL: urlWith(owner.url, { password: encodeURIComponent(owners) }),
    DB_USER_SERVER: application.role,
    DB_PASSWORD_SERVER: applications,
    ADMIN_PASSWORD: admins,
    DRIZZLE_FLEET_DEBUG: "1",
  };
  return { folder, database, environment };
}

/** The project's environment with libpq's standard variables instead of a URL. */
function standardOf({ environment }: Project): Record<string, string> {
  const { MAIN_URL = "", ...rest } = environment;
  const url = new URL(MAIN_URL);
  return {
    ...rest,
    DB_HOST: url.hostname,
    DB_PORT: url.port,
    DB_NAME_SERVER: url.pathname.slice(1),
    DB_USER_ADMIN: url.username,
  };
}

function expectSilent(what: string, { code, stdout, stderr }: CliResult): void {
  // A failure shows which output of which run contains a piece.
  expect(stdout, `${what}: exit code ${code}, standard output`).not.toMatch(piece);
  expect(stderr, `${what}: exit code ${code}, standard error`).not.toMatch(piece);
}

async function runSilently(
  { folder, environment }: Pick<Project, "folder" | "environment">,
  args: readonly string[],
): Promise<CliResult> {
  const result = await runCli(folder, args, environment);
  expectSilent(args.join(" "), result);
  return result;
}

/** Runs a command with text output and with --json. */
async function bothWays(project: Pick<Project, "folder" | "environment">, args: readonly string[]) {
  const text = await runSilently(project, args);
  const json = await runSilently(project, [...args, "--json"]);
  expect(json.code, args.join(" ")).toBe(text.code);
  return text;
}

/** Checks that no piece is in the recorded rollouts, or visible to other sessions. */
async function expectNothingKept({ database }: Project): Promise<void> {
  const kept = await database.query(
    `SELECT row_to_json(r)::text AS row FROM drizzle_fleet.rollouts r
     UNION ALL SELECT row_to_json(o)::text FROM drizzle_fleet.outcomes o
     UNION ALL SELECT row_to_json(t)::text FROM drizzle_fleet.tenants t
     UNION ALL SELECT row_to_json(a)::text FROM pg_stat_activity a WHERE pid <> pg_backend_pid() AND datname = current_database()`,
  );
  expect(kept.length).toBeGreaterThan(0);
  expect(JSON.stringify(kept)).not.toMatch(piece);
}

test("no verb prints a password if all is well", async () => {
  const project = await createSecretsProject();
  const steps: readonly (readonly [expected: number, ...args: string[]])[] = [
    [0, "tenants", "add", "acme", "--admin-email", "a@example.com"],
    [0, "tenants", "add", "beta", "--json", "--admin-email", "b@example.com"],
    [0, "tenants", "archive", "beta"],
    [0, "tenants", "restore", "beta", "--json"],
    [0, "tenants", "grant", "acme"],
    [0, "migrate"],
    [0, "migrate", "--json"],
    [0, "migrate", "--sql", "out"],
    [0, "repair", "--yes"],
    [0, "tenants", "clone", "beta", "gamma", "--json"],
    [0, "tenants", "rename", "gamma", "delta"],
    [0, "tenants", "export", "delta", "delta.ndjson", "--json"],
    [0, "tenants", "import", "delta.ndjson", "--as", "epsilon"],
    [0, "tenants", "remove", "epsilon", "--yes", "--dump", "epsilon.ndjson"],
    [2, "tenants", "export", "beta", "delta.ndjson"],
    [2, "tenants", "import", "delta.ndjson"],
    [2, "tenants", "import", "package.json"],
    [2, "tenants", "clone", "nobody", "x"],
    [2, "tenants", "rename", "beta", "delta"],
    [0, "tenants", "remove", "delta", "--yes"],
    [0, "tenants", "remove", "beta", "--yes"],
  ];
  for (const [code, ...args] of steps) {
    if (args.join(" ") === "migrate")
      await writeFiles(project.folder, history("drizzle/app", later));
    const result = await runSilently(project, args);
    expect(result.code, `${args.join(" ")}: ${result.stderr}`).toBe(code);
  }
  for (const file of ["delta.ndjson", "epsilon.ndjson"])
    expect(await readFile(join(project.folder, file), "utf8")).not.toMatch(piece);
  const [admin] = await project.database.query("SELECT secret FROM app_acme.users");
  expect(admin?.secret).toMatch(/^\$2[aby]\$/);
  await project.database.query("DELETE FROM drizzle_fleet.tenants");
  expect((await runSilently(project, ["tenants", "adopt", "--all"])).code).toBe(0);

  const { rollouts } = JSON.parse((await runSilently(project, ["rollouts", "--json"])).stdout);
  const id = rollouts[0]?.id;
  const looks = [
    ...[["status"], ["plan"], ["history"], ["heads"], ["tenants", "list"], ["rollouts"]],
    ...[
      ["rollouts", String(id)],
      ["downgrade", "-1", "--dry-run"],
      ["check", "app"],
    ],
    ...[["stamp", "head", "--dry-run"], ["merge"]],
    ...[
      ["generate", "--dry-run"],
      ["generate", "--no-proof"],
    ],
    ["check", "--database", project.environment.MAIN_URL ?? ""],
  ];
  for (const args of looks) {
    // The user typed the URL, but the output must not repeat it.
    const { folder, environment } = project;
    const [text, json] = await Promise.all([
      runCli(folder, args, environment),
      runCli(folder, [...args, "--json"], environment),
    ]);
    const name = args
      .slice(0, 2)
      .join(" ")
      .replace(project.environment.MAIN_URL ?? "", "URL");
    expectSilent(name, text);
    expectSilent(`${name} --json`, json);
  }
  for (const args of [["dev", "--death"], ["init"]]) await runSilently(project, args);
  const script = await runSilently(project, ["migrate", "--sql", "--from", "base"]);
  expect(script.stdout, script.stderr).toContain("CREATE TABLE");
  await expectNothingKept(project);
});

describe("errors contain no password", () => {
  test("of an invalid URL", async () => {
    const project = await createSecretsProject();
    const { MAIN_URL = "" } = project.environment;
    const { host, hostname, port, username, pathname } = new URL(MAIN_URL);
    const [password] = /(?<=\/\/[^:]*:)[^@]*/.exec(MAIN_URL) ?? [""];
    const at = (who: string, where = host, name = pathname) =>
      `postgresql://${who}@${where}${name}`;
    const urls: Record<string, string> = {
      "wrong password": at(`${username}:zqxWrong%40zqxPassword`),
      "no such role": at(`nobody_at_all:${password}`),
      "wrong database": at(`${username}:${password}`, host, "/no_such_database"),
      "nobody listens": at(`${username}:${password}`, `${hostname}:1`),
      "no such host": at(`${username}:${password}`, "no-such-host.invalid"),
      "port too high": at(`${username}:${password}`, `${hostname}:99999`),
      "port is a word": at(`${username}:${password}`, `${hostname}:port`),
      "stray percent": at(`${username}:zqxA%zzzqxB`),
      "malformed percent": at(`${username}:zqxA%e0%a4zqxB`),
      "percent at the end": at(`${username}:zqxA%`),
      "stray percent in the user": at(`${username}%e0%a4:zqxA12345`),
      "stray percent in the name": at(`${username}:${password}`, host, "/name%e0%a4"),
      "slash in the password": at(`${username}:12/zqxA`),
      "slash behind a word": at(`${username}:zqxA/zqxB`),
      "question mark": at(`${username}:12?zqxA`),
      hash: at(`${username}:12#zqxA`),
      "at sign": at(`${username}:zqxA@zqxB`),
      "colon and at sign": at(`${username}:zqxA:zqxB@zqxC`),
      space: at(`${username}:zqxA zqxB`),
      "password as a parameter": `postgresql://${host}${pathname}?user=${username}&password=zqxParameter12`,
      "no URL": "zqxOnly-a-password",
      "another scheme": `mysql://root:zqxMysql@${host}/x`,
      "no scheme": `${username}:zqxA@${host}${pathname}`,
      "a service file's words": `host=${hostname} port=${port} password=zqxA`,
    };
    for (const [index, [what, url]] of Object.entries(urls).entries()) {
      const environment = { ...project.environment, MAIN_URL: url };
      // All verbs except check open databases in the same way.
      const verbs = [
        index % 2 === 0 ? ["status", "--json"] : ["tenants", "add", "acme"],
        ...(index % 3 === 0 || what.includes("slash") ? [["check", "--database", url]] : []),
      ];
      const results = await Promise.all(
        verbs.map((args) => runCli(project.folder, args, environment)),
      );
      for (const result of results) {
        const { code, stderr } = result;
        expectSilent(what, result);
        expect(code, `${what}: ${stderr}`).not.toBe(0);
        expect(stderr, what).not.toContain("This is a bug");
        expect(stderr, what).not.toMatch(/^ {4}at /m);
      }
    }
  });

  test("of secrets from other sources, or of files that cannot be read", async () => {
    const project = await createSecretsProject({
      "standard.config.ts": fleetFile({}),
    });
    const standard = standardOf(project);
    const folder = await createFolder({
      "secrets/DB_PASSWORD_ADMIN": `${owners}\n`,
      wrong: "zqxWrong-in-a-file\n",
    });
    await mkdir(join(folder, "unreadable/DB_PASSWORD_ADMIN"), { recursive: true });
    const file = join(folder, "secrets/DB_PASSWORD_ADMIN");
    const ways: readonly (readonly [code: number, more: Record<string, string>])[] = [
      [0, { DB_PASSWORD_ADMIN: owners }],
      [0, { DB_PASSWORD_ADMIN_FILE: file }],
      [0, { SECRETS_DIR: join(folder, "secrets") }],
      [2, { DB_PASSWORD_ADMIN: "zqxWrong-password" }],
      [2, { DB_PASSWORD_ADMIN_FILE: join(folder, "wrong") }],
      [2, { DB_PASSWORD_ADMIN_FILE: join(folder, "missing") }],
      [2, { SECRETS_DIR: join(folder, "unreadable") }],
      [2, { DB_PASSWORD_ADMIN: owners, DB_PASSWORD_ADMIN_FILE: file }],
      [2, { DB_PASSWORD_ADMIN: owners, DB_PORT: "zqxPort" }],
      [2, { DB_PASSWORD_ADMIN: owners, DB_SSLMODE: "zqxMode" }],
      [2, { DB_PASSWORD_ADMIN: owners, DB_NAME_SERVER: "no_such_database" }],
    ];
    for (const [index, [code, more]] of ways.entries()) {
      const environment = { ...standard, ...more };
      const args = ["tenants", "add", `t${index}`, "--config", "standard.config.ts"];
      const added = await runSilently({ folder: project.folder, environment }, args);
      expect(added.code, added.stderr).toBe(code);
    }
    await writeFiles(project.folder, history("drizzle/app", later));
    await runSilently(project, ["migrate", "--json"]);
    await expectNothingKept(project);
  });

  test("of a command that fails on the way", async () => {
    const project = await createSecretsProject();
    const { folder, environment, database } = project;
    expect((await runSilently(project, ["tenants", "add", "acme"])).code).toBe(0);
    for (const fail of ["url", "password", "json", "encoded"]) {
      // The error is printed as text, the events as JSON.
      const args = ["tenants", "add", fail, "--attribute", `fail=${fail}`, "--json"];
      const failed = await runSilently(project, args);
      expect(failed.code, fail).not.toBe(0);
      expect(failed.stderr, fail).toContain("***");
    }
    for (const email of ["fail@example.com", "twice@example.com", "none"])
      expect(
        (await runSilently(project, ["tenants", "add", "new", "--json", "--admin-email", email]))
          .code,
      ).not.toBe(0);

    const noRole = { folder, environment: { ...environment, DB_USER_SERVER: "nobody_at_all" } };
    expect((await bothWays(noRole, ["tenants", "add", "new"])).stderr).toContain("nobody_at_all");

    const failing: Files = {
      refused: "SELECT 1 / 0;",
      missing: "ALTER TABLE nowhere ADD COLUMN x text;",
      terminated: "DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$;",
    };
    for (const [name, sql] of Object.entries(failing)) {
      await writeFiles(folder, history("drizzle/app", { ...migrations, [`0002_${name}`]: sql }));
      expect((await bothWays(project, ["migrate"])).code, name).toBe(name === "terminated" ? 1 : 5);
      expect((await runSilently(project, ["tenants", "add", "new"])).code, name).not.toBe(0);
    }
    await writeFiles(
      folder,
      history("drizzle/app", { ...migrations, "0002_slow": "SELECT pg_sleep(20);" }),
    );
    const child = startCli(folder, ["migrate", "--json"], environment);
    const over = ended(child);
    await terminateSleeper(database);
    expectSilent("a terminated backend", await over);
    await expectNothingKept(project);
  });

  test("of a configuration that does not load", async () => {
    const project = await createSecretsProject();
    const { folder } = project;
    const environment: Record<string, string> = {
      ...project.environment,
      DB_PASSWORD_ADMIN: owners,
    };
    const literal = `postgresql://u:zqxA:zqxB@zqxC/zqxD@127.0.0.1/x`;
    const configs: Files = {
      url: `throw new Error("cannot reach " + process.env.MAIN_URL);`,
      admin: `throw new Error("not " + process.env.DB_PASSWORD_ADMIN);`,
      server: `throw new Error(JSON.stringify({ not: process.env.DB_PASSWORD_SERVER }));`,
      first: `throw new TypeError(process.env.ADMIN_PASSWORD);`,
      syntax: `export default { databases: { main: { url: "${literal}" } } services }`,
      unknown: fleetFile({ url: literal, more: literal }),
      wrongUrl: fleetFile({ url: literal }),
      wrongType: fleetFile({ url: { password: literal } }),
      tenants: `import { defineFleet } from "drizzle-fleet/config";
        export default defineFleet({ databases: { main: { url: { environmentVariable: "MAIN_URL" } } },
          services: { app: { schema: "./schema.ts", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" } },
          tenants: () => { throw new Error("nobody at " + process.env.MAIN_URL + process.env.ADMIN_PASSWORD); } });`,
    };
    for (const [name, text] of Object.entries(configs)) {
      const file = `${name}.config.ts`;
      await writeFile(join(folder, file), text);
      const failed = await bothWays({ folder, environment }, ["status", "--config", file]);
      expect(failed.code, `${name}: ${failed.stderr}`).not.toBe(0);
    }
  });
});

/** Waits for a backend that sleeps, and terminates it. */
async function terminateSleeper(database: TestDatabase): Promise<void> {
  for (let round = 0; round < 400; round += 1) {
    const ended = await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'`,
    );
    if (ended.length > 0) return;
    await database.query("SELECT pg_sleep(0.05)");
  }
  throw new Error("no migration sleeps");
}

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import { maskSecrets } from "../../src/config/secrets.ts";
import { openFleet } from "../../src/runtime/open.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, createRole, type TestDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

type Database = FleetInput["databases"][string];

const files = history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` });

async function setUp() {
  const database = await createDatabase();
  const { role, url } = await createRole(database);
  const rotate = (password: string) => database.query(`ALTER ROLE ${role} PASSWORD '${password}'`);
  const root = await createFolder(files);
  const bare = urlWith(url, { password: "" });
  const run = (main: Database, environment: Record<string, string> = {}, more = {}) =>
    migrateAll(
      contextFor(root, appFleet("", ["a"], { databases: { main }, ...more }), {
        PATH: process.env.PATH,
        ...environment,
      }),
    );
  return { database, role, url, bare, root, rotate, run };
}

const done = { a: "succeeded 0000_t" };

describe("a password that is supplied at each connection", () => {
  test("comes from a function, which receives the login", async () => {
    const { bare, role, run } = await setUp();
    const { hostname, port, pathname } = new URL(bare);
    const asked: unknown[] = [];
    const password = async (login: unknown) => {
      asked.push(login);
      return "plain";
    };
    expect(byTenant(await run({ url: bare, password }))).toEqual(done);
    const login = { host: hostname, port: Number(port), user: role, database: pathname.slice(1) };
    expect(asked.length).toBeGreaterThan(1);
    expect(asked[0]).toEqual(login);
  });

  test("comes from a command, from a file, and from a variable", async () => {
    const { bare, root, role, run } = await setUp();
    const file = join(root, "password");
    await writeFile(file, "plain\n");
    const command = `test "$PGUSER" = ${role} && test -n "$PGHOST$PGPORT$PGDATABASE" && echo plain`;
    for (const more of [
      { passwordCommand: command },
      { passwordFile: file },
      { password: { environmentVariable: "SECRET" } },
    ])
      await run({ url: bare, ...more }, { SECRET_FILE: file });
    expect(byTenant(await run({ url: bare, passwordFile: file }))).toEqual({ a: "skipped" });
  });

  test("is used only if the URL has none", async () => {
    const { url, run } = await setUp();
    const password = () => {
      throw new Error("it was not asked for");
    };
    expect(byTenant(await run({ url, password }))).toEqual(done);
  });

  test("can change during a run, and the next connections use the new one", async () => {
    const { database, role, bare, rotate } = await setUp();
    const tenants = Array.from({ length: 450 }, (_, index) => `t${index}`);
    let current = "plain";
    const main = { url: bare, password: () => current };
    const context = contextFor(
      await createFolder(files),
      appFleet("", tenants, { databases: { main }, concurrency: 2 }),
    );
    let rotated: Promise<unknown> | undefined;
    const result = await migrateAll(context, {}, ({ type }) => {
      if (type !== "stepApplied" || rotated !== undefined) return;
      current = "another";
      rotated = rotate(current);
    });
    await rotated;
    // A worker takes a new connection after 200 targets.
    expect(new Set(result.outcomes.map(({ status }) => status))).toEqual(new Set(["succeeded"]));
    expect(await database.query(`SELECT FROM pg_roles WHERE rolname = '${role}'`)).toHaveLength(1);
  }, 60_000);

  test.each(["DB_PASSWORD_ADMIN", "MAIN_URL"])(
    "is read again from %s_FILE",
    async (variable) => {
      const { url, role, root, rotate } = await setUp();
      const { hostname, port, pathname } = new URL(url);
      const file = join(root, "secret");
      const write = (password: string) =>
        writeFile(file, variable === "MAIN_URL" ? urlWith(url, { password }) : password);
      await write("plain");
      const environment = {
        [`${variable}_FILE`]: file,
        ...(variable === "MAIN_URL"
          ? {}
          : {
              ...{ DB_HOST: hostname, DB_PORT: port, DB_USER_ADMIN: role },
              DB_NAME_SERVER: pathname.slice(1),
            }),
      };
      const main = { url: { environmentVariable: "MAIN_URL" } };
      const tenants = Array.from({ length: 210 }, (_, index) => `t${index}`);
      const fleet = appFleet("", tenants, { databases: { main }, concurrency: 1 });
      const context = contextFor(await createFolder(files), fleet, environment);
      let rotated: Promise<unknown> | undefined;
      const result = await migrateAll(context, {}, ({ type }) => {
        if (type === "stepApplied")
          rotated ??= rotate("another")
            .then(() => sleep(1_500))
            .then(() => write("another"));
      });
      await rotated;
      expect(new Set(result.outcomes.map(({ status }) => status))).toEqual(new Set(["succeeded"]));
    },
    60_000,
  );
});

describe("a password that cannot be obtained", () => {
  test.each<[string, Partial<Database>, string]>([
    [
      "a function that throws",
      { password: () => Promise.reject(new Error("no token")) },
      "no token",
    ],
    [
      "a function that gives nothing",
      { password: () => undefined as unknown as string },
      "not a string",
    ],
    [
      "a function that never answers",
      { password: () => new Promise<string>(() => {}) },
      "within 1 s",
    ],
    [
      "a command that fails",
      { passwordCommand: "echo s3cret-0utput; echo s3cret-err >&2; exit 7" },
      "ended with 7",
    ],
    [
      "a command that hangs",
      { passwordCommand: "echo s3cret-0utput; sleep 100 & sleep 100" },
      "within 1 s",
    ],
    ["a command without output", { passwordCommand: "true" }, "empty"],
    [
      "a command that says more",
      { passwordCommand: "echo s3cret-0utput; echo s3cret-more" },
      "more than one line",
    ],
    ["a command that says far too much", { passwordCommand: "yes s3cret-0utput" }, "is too long"],
    ["a function that gives a NUL byte", { password: () => "pla\0in" }, "a NUL byte"],
    ["a file that is missing", { passwordFile: "/nowhere/at/all" }, "ENOENT"],
  ])("is an error that names the key and shows no output: %s", async (_, how, words) => {
    const { bare, run } = await setUp();
    const startedAt = performance.now();
    const error = await run({ url: bare, ...how }, {}, { connectTimeout: 500 }).catch(
      (reason) => reason,
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(error).toMatchObject({
      code: "unreachable",
      where: `databases.main.${Object.keys(how)[0]}`,
    });
    expect(error.message).toContain(`no password for database "main": `);
    expect(error.message).toContain(words);
    expect(JSON.stringify([error.message, error.remedy, error.excerpt])).not.toContain("s3cret");
  });

  test("is not shown if it is wrong", async () => {
    const { bare, run } = await setUp();
    const password = () => "wr0ng-and-secret";
    const error = await run({ url: bare, password }).catch((reason) => reason);
    expect(error).toMatchObject({ code: "config" });
    expect(JSON.stringify(error)).not.toContain("wr0ng");
    expect(maskSecrets("it was wr0ng-and-secret")).toBe("it was ***");
  });

  test("is a configuration error if it has two sources", async () => {
    const { bare, run } = await setUp();
    const both = { url: bare, passwordFile: "x", passwordCommand: "y" };
    expect(() => run(both)).toThrow("has more than one of password, passwordCommand");
  });
});

test("the path of a password file is relative to the configuration's folder", async () => {
  const { bare } = await setUp();
  const config = appFleet("", ["a"], {
    databases: { main: { url: bare, passwordFile: "secret" } },
  });
  const project = await createProject({ "drizzle.config.ts": configFile(config), ...files });
  await writeFile(join(project, "secret"), "plain\n");
  await chmod(join(project, "secret"), 0o600);
  const { code } = await runCli(project, [
    "migrate",
    "--config",
    join(project, "drizzle.config.ts"),
  ]);
  expect(code).toBe(0);
});

test("a password that changed during a run is reported once, not for each target", async () => {
  const { database, url, rotate } = await setUp();
  const tenants = Array.from({ length: 450 }, (_, index) => `t${index}`);
  const config = appFleet(url, tenants, { concurrency: 2 });
  const project = await createProject({
    "drizzle.config.ts": configFile(config),
    ...history("drizzle/app", { "0000_t": "SELECT pg_sleep(0.005);" }),
  });
  const running = runCli(project, ["migrate"]);
  const begun = async () =>
    (await database.query("SELECT FROM pg_namespace WHERE nspname LIKE 'app%'")).length > 0;
  while (!(await begun())) await sleep(20);
  await rotate("another");
  const { code, stdout, stderr } = await running;
  expect(code).toBe(1);
  expect(stderr.match(/refused the connection/g)?.length).toBeLessThanOrEqual(2);
  expect(stdout).toMatch(/x \d+ targets: .*\n +database "main" at \S+ refused the connection/);
}, 60_000);

describe("the pool of a program", () => {
  const open = async (database: TestDatabase, main: Database, environment = {}) => {
    const input = appFleet("", ["a"], { databases: { main } });
    const fleet = openFleet(defineFleet(input), {
      schemas: { app: {} },
      pool: { idleTimeoutMs: 1 },
      environment,
    });
    onTestFinished(() => fleet.close());
    await migrateAll(contextFor(await createFolder(files), appFleet(database.url, ["a"])));
    return () => fleet.tenant("a").app.execute(sql`SELECT current_user AS user`);
  };

  test("gets the password for each connection, and reads files again", async () => {
    const { database, role, bare, url, root, rotate } = await setUp();
    await database.query("CREATE SCHEMA app_a");
    await database.query("DROP SCHEMA app_a");
    let current = "plain";
    const byFunction = await open(database, {
      url: bare,
      applicationUrl: bare,
      password: () => current,
    });
    await database.query(`GRANT USAGE ON SCHEMA app_a TO ${role}`);
    const file = join(root, "url");
    await writeFile(file, url);
    const byFile = await open(
      database,
      { applicationUrl: { environmentVariable: "APP_URL" } },
      { APP_URL_FILE: file },
    );
    const row = { rows: [{ user: role }] };
    expect(await byFunction()).toMatchObject(row);
    expect(await byFile()).toMatchObject(row);
    current = "another";
    await rotate(current);
    await sleep(100);
    await expect(byFile()).rejects.toMatchObject({ cause: { code: "28P01" } });
    await writeFile(file, urlWith(url, { password: current }));
    expect(await byFunction()).toMatchObject(row);
    expect(await byFile()).toMatchObject(row);
  });
});

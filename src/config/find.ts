import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { FleetError } from "../core/errors.ts";

/** The names of a configuration file. If a folder has several, the first one is used, as in drizzle-kit. */
const endings = ["ts", "mts", "cts", "js", "mjs", "cjs", "json"];
const names = endings.map((ending) => `drizzle.config.${ending}`);

/**
 * Finds the configuration file.
 *
 * @param path the value of --config. Without it, the file is searched for in the current folder and its parents, up
 *   to the repository's root.
 * @returns its absolute path
 * @throws FleetError `config` if there is no such file; the remedy names the files that were found nearby
 */
export async function findConfigFile(path: string | undefined): Promise<string> {
  const file = path === undefined ? nearestConfig(process.cwd()) : resolve(path);
  if (file !== undefined && isFile(file)) return file;
  throw path === undefined ? await noConfigError() : noFileError(resolve(path));
}

/** The arguments that make a command find a configuration file: none if it is found without them. */
export function configOption(file: string): string[] {
  return nearestConfig(process.cwd()) === file ? [] : ["--config", relative(process.cwd(), file)];
}

function nearestConfig(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = configIn(folder);
    if (found !== undefined) return found;
    if (existsSync(join(folder, ".git")) || dirname(folder) === folder) return undefined;
  }
}

function configIn(folder: string): string | undefined {
  return names.map((name) => join(folder, name)).find(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function noConfigError(): Promise<FleetError> {
  const { glob } = await import("tinyglobby");
  const below = await glob(`**/drizzle.config.{${endings.join(",")}}`, {
    cwd: process.cwd(),
    deep: 5,
    ignore: ["**/node_modules/**"],
  });
  const message = "there is no drizzle.config.ts in this folder or its parents";
  const [first, ...others] = below.sort();
  if (first === undefined)
    return new FleetError("config", message, {
      remedy: `Run the command in the folder of your configuration, or name the file with --config <file>. Its name can end in ${endings.map((ending) => `.${ending}`).join(", ")}.`,
    });
  const also = others.length === 0 ? "" : `Others: ${others.slice(0, 5).join(", ")}. `;
  return new FleetError("config", `${message}, but there is ${first}`, {
    remedy: `${also}Name the file to use: --config ${first}`,
  });
}

function noFileError(file: string): FleetError {
  const shown = relative(process.cwd(), file);
  const beside = configIn(dirname(file)) ?? configIn(file);
  return new FleetError("config", `the file ${shown || "."} does not exist`, {
    remedy:
      beside === undefined
        ? "Correct the path after --config. It is relative to the current folder."
        : `Did you mean --config ${relative(process.cwd(), beside)}?`,
  });
}

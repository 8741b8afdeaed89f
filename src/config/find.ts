import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { glob } from "tinyglobby";
import { FleetError } from "../core/errors.ts";

/** What a configuration may be called; of several in one folder the first counts, as for drizzle-kit. */
const endings = ["ts", "mts", "cts", "js", "mjs", "cjs", "json"];
const names = endings.map((ending) => `drizzle.config.${ending}`);

/**
 * The configuration file to read.
 *
 * @param path as given with --config; without it, the file of the current folder or of the nearest one above it, up to the
 *   repository's
 * @returns its absolute path
 * @throws FleetError `config` when there is none, which names those that are near
 */
export async function findConfigFile(path: string | undefined): Promise<string> {
  const file = path === undefined ? nearestConfig(process.cwd()) : resolve(path);
  if (file !== undefined && isFile(file)) return file;
  throw path === undefined ? await noConfigError() : noFileError(resolve(path));
}

/** What a command needs to find a configuration: nothing where it finds it by itself. */
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
  const below = await glob(`**/drizzle.config.{${endings.join(",")}}`, {
    cwd: process.cwd(),
    deep: 5,
    ignore: ["**/node_modules/**"],
  });
  const message = "there is no drizzle.config.ts in this folder or above it";
  const [first, ...others] = below.sort();
  if (first === undefined)
    return new FleetError("config", message, {
      remedy: `Run the command in the folder of your configuration, or name the file with --config. It may end in ${endings.map((ending) => `.${ending}`).join(", ")}.`,
    });
  const also = others.length === 0 ? "" : ` Also there: ${others.slice(0, 5).join(", ")}.`;
  return new FleetError("config", `${message}, but there is ${first}`, {
    remedy: `Name it: --config ${first}.${also}`,
  });
}

function noFileError(file: string): FleetError {
  const shown = relative(process.cwd(), file);
  const beside = configIn(dirname(file)) ?? configIn(file);
  return new FleetError("config", `there is no file ${shown || "."}`, {
    remedy:
      beside === undefined
        ? "Correct the path after --config. It is taken from the current folder."
        : `There is ${relative(process.cwd(), beside)}: name it with --config.`,
  });
}

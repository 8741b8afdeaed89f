import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { glob } from "tinyglobby";
import type { ServiceConfig } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import { type Export, isTable } from "./drizzle-tables.ts";

/**
 * Finds the schema files of a service as drizzle-kit does: the files directly in a folder, a file, or the matches of a
 * pattern. A pattern that begins with `!` excludes files.
 *
 * @param root the folder that the service's paths are relative to
 * @returns absolute paths, sorted
 * @throws FleetError `schema` if there are none
 */
export async function schemaFiles(
  service: string,
  config: ServiceConfig,
  root: string,
): Promise<string[]> {
  const patterns = [config.schema].flat().map((entry) => {
    const excluded = entry.startsWith("!");
    const path = resolve(root, excluded ? entry.slice(1) : entry);
    const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const pattern = (folder ? `${path}/*` : path).replaceAll("\\", "/");
    return excluded ? `!${pattern}` : pattern;
  });
  const found = await glob(patterns, { absolute: true, cwd: root });
  // A folder can contain other files, such as a README.
  const files = found.filter((file) => /\.[cm]?[jt]sx?$/.test(file));
  if (files.length > 0) return files.sort();
  throw new FleetError(
    "schema",
    `service ${service} has no schema files: ${[config.schema].flat().join(", ")}`,
    {
      where: `services.${service}.schema`,
      remedy: "Correct the path in drizzle.config.ts, or create the file with the first table.",
    },
  );
}

/** The schema files whose text defines tables but that export none, as shown to the user. */
export async function silentFiles(
  files: readonly string[],
  exports: readonly Export[],
): Promise<string[]> {
  const exporting = new Set(exports.flatMap(({ file, value }) => (isTable(value) ? file : [])));
  const silent = await Promise.all(
    files.map(async (path) => {
      const file = relative(process.cwd(), path);
      if (exporting.has(file)) return [];
      const code = (await readFile(path, "utf8")).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return /\bpgTable\)?\s*\(|\.table\(\s*["'`]/.test(code) ? [file] : [];
    }),
  );
  return silent.flat();
}

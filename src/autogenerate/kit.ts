import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { FleetError } from "../core/errors.ts";
import { folderKit } from "./folder-kit.ts";
import { journalKit } from "./journal-kit.ts";
import type { Kit } from "./kit-types.ts";

/**
 * Loads the drizzle-kit that a project has installed. It is large, so each verb loads it only when it needs it.
 *
 * @param root the project's folder
 * @param sources the schema names that the service's SQL uses for the schema of its target
 * @throws FleetError `config` if drizzle-kit is not installed, or is of an unsupported version
 */
export async function loadKit(root: string, sources: readonly string[] = ["public"]): Promise<Kit> {
  const folder = packageFolder(root);
  if (folder === undefined) {
    throw new FleetError("config", "drizzle-kit cannot be found", {
      remedy: "To install it in the project, run: npm install --save-dev drizzle-kit",
    });
  }
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    version: string;
  };
  try {
    const api = join(folder, "api-postgres.mjs");
    return existsSync(api)
      ? folderKit(await load(api), () => load(join(folder, "cli.mjs")), sources, version)
      : journalKit(await load(join(folder, "api.mjs")), sources, version);
  } catch (cause) {
    throw new FleetError("config", `drizzle-kit ${version} cannot be loaded`, {
      where: folder,
      remedy: "Reinstall drizzle-kit. drizzle-fleet supports versions 0.31 and 1.0.",
      cause,
    });
  }
}

/** Loads `sql.raw` of the drizzle-orm that the project's drizzle-kit uses. */
export async function loadRaw(root: string): Promise<(text: string) => unknown> {
  const from = packageFolder(root) ?? root;
  const file = createRequire(join(from, "package.json")).resolve("drizzle-orm");
  const { sql } = await load<{ readonly sql: { raw(text: string): unknown } }>(file);
  return (text) => sql.raw(text);
}

async function load<Api>(file: string): Promise<Api> {
  return (await import(pathToFileURL(file).href)) as Api;
}

/** Resolves as Node does: in the project's folder, then in its parents; with yarn's Plug'n'Play, as yarn does. */
function packageFolder(root: string): string | undefined {
  try {
    const entry = createRequire(join(root, "package.json")).resolve("drizzle-kit");
    return folderAbove(dirname(entry));
  } catch {
    return undefined;
  }
}

function folderAbove(folder: string): string | undefined {
  if (existsSync(join(folder, "package.json"))) return folder;
  return dirname(folder) === folder ? undefined : folderAbove(dirname(folder));
}

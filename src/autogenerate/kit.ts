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
 * Loads the drizzle-kit that a project has installed. It is heavy: the verbs that need it load it, when they need it.
 *
 * @param root the project's folder
 * @param sources by which names the service's SQL calls the schema of its target
 * @throws FleetError `config` when there is none, or one of an unknown version
 */
export async function loadKit(root: string, sources: readonly string[] = ["public"]): Promise<Kit> {
  const folder = packageFolder(root);
  if (folder === undefined) {
    throw new FleetError("config", "drizzle-kit cannot be found", {
      remedy: "Install it in the project: npm install --save-dev drizzle-kit",
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
      remedy: "drizzle-fleet works with drizzle-kit 0.31 and 1.0. Install one of them anew.",
      cause,
    });
  }
}

/** Loads `sql.raw` of the drizzle-orm that a project's drizzle-kit works with. */
export async function loadRaw(root: string): Promise<(text: string) => unknown> {
  const from = packageFolder(root) ?? root;
  const file = createRequire(join(from, "package.json")).resolve("drizzle-orm");
  const { sql } = await load<{ readonly sql: { raw(text: string): unknown } }>(file);
  return (text) => sql.raw(text);
}

async function load<Api>(file: string): Promise<Api> {
  return (await import(pathToFileURL(file).href)) as Api;
}

/** As Node looks for packages: in the project's folder, then in those above it; or as yarn's Plug'n'Play knows them. */
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

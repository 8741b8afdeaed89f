import { constants, copyFile, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { type PlainConfig, readPlainConfig } from "../config/drizzle-kit-config.ts";
import { loadConfig } from "../config/load.ts";
import { fleetConfigText } from "../config/render.ts";
import { type FleetInput, parseFleet } from "../config/schema.ts";
import { FleetError, messageOf } from "../core/errors.ts";
import type { Context } from "../fleet/context.ts";
import { withDatabases } from "../fleet/databases.ts";
import { type DrizzleSource, defaultSource } from "../fleet/import-drizzle.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { type MigrationsFolder, readFolder } from "../source/folder.ts";
import { gitAttributes } from "../source/git-attributes.ts";
import { newestTables, onlySchema } from "../source/snapshot-tables.ts";
import { writeFiles } from "../source/write-files.ts";
import { discoverTenants } from "../tenants/discover.ts";
import { rosterOf } from "../tenants/roster.ts";
import { resolveTargets } from "../tenants/targets.ts";

/** A project that uses drizzle-kit, and has no fleet yet. */
export interface ExistingProject {
  readonly config: PlainConfig;
  readonly folder: MigrationsFolder;
  /** Where the old configuration is to be kept; absolute. */
  readonly kept: string;
  /** Where the new one is written: in its place; TypeScript instead of JSON, which has no defineFleet. Absolute. */
  readonly written: string;
  /** The schema that the whole project is declared in, where that is one and not `public`. */
  readonly sourceSchema: string | undefined;
  /** What the service is called unless somebody says otherwise. */
  readonly name: string;
  /** Where drizzle-orm's own migrator keeps what it applied. */
  readonly source: DrizzleSource;
}

/** What the configuration of drizzle-kit does not tell. */
export interface InitAnswers {
  readonly service: string;
  /** With `{tenant}` in it, the pattern of the tenant schemas' names; otherwise the one schema. */
  readonly schema: string;
  readonly tenants: readonly string[];
  /** The environment variable that holds the connection URL. */
  readonly urlVariable: string;
}

/** The one database of a new fleet. */
const databaseName = "main";

/**
 * Looks whether a project can become a fleet. Changes nothing.
 *
 * @param path its configuration file, or undefined to look for it, see `configFile`
 * @throws FleetError `config` when it cannot: as `readPlainConfig` does, without migrations, or with a file where
 *   the old configuration would be kept; `journal` when the journal is malformed
 */
export async function readProject(path: string | undefined): Promise<ExistingProject> {
  const config = await readPlainConfig(path);
  const { file, root, migrations = {} } = config;
  const kept = file.replace(/(\.[^./\\]+)$/, ".before-fleet$1");
  if (await isThere(kept)) throw alreadyKept(kept);
  const written = file.replace(/\.json$/, ".ts");
  const folder = await readFolder(resolve(root, config.out));
  if (folder === undefined) throw await noMigrations(config);
  const { table = defaultSource.table, schema = defaultSource.schema } = migrations;
  const [name, sourceSchema] = await Promise.all([packageName(root), onlySchema(folder)]);
  return { config, folder, kept, written, sourceSchema, name, source: { table, schema } };
}

/**
 * The fleet that a project becomes.
 *
 * @throws FleetError `config` for names that cannot be used
 */
export function fleetFor(
  { config, folder, sourceSchema }: ExistingProject,
  answers: InitAnswers,
): FleetInput {
  const { root, schema, out, casing, migrations = {} } = config;
  // drizzle-kit 1.0 has no such setting, and its default needs no word.
  const prefix = folder.layout === "journal" ? migrations.prefix : undefined;
  const { service, tenants, urlVariable } = answers;
  const input: FleetInput = {
    databases: { [databaseName]: { url: { environmentVariable: urlVariable } } },
    services: {
      [service]: {
        schema:
          typeof schema === "string"
            ? inProject(root, schema)
            : schema.map((one) => inProject(root, one)),
        out: inProject(root, out),
        database: databaseName,
        ...(isPattern(answers.schema)
          ? { tenantSchema: answers.schema }
          : { singleSchema: answers.schema }),
        // A single schema may be called by its own name.
        ...(sourceSchema === undefined || sourceSchema === answers.schema ? {} : { sourceSchema }),
        ...(casing === undefined ? {} : { casing }),
        ...(prefix === undefined || prefix === "index" ? {} : { prefix }),
      },
    },
    tenants: [...tenants],
  };
  resolveTargets(parseFleet(input), rosterOf(tenants.map((id) => ({ id, attributes: {} }))));
  return input;
}

/** The project may be somewhere else tomorrow: a path that was computed becomes a relative one. */
function inProject(root: string, path: string): string {
  if (!isAbsolute(path)) return path;
  const found = relative(root, path).replaceAll("\\", "/");
  return found.startsWith("..") ? found : `./${found}`;
}

/** True for a name that gives each tenant a schema of its own. */
export function isPattern(schema: string): boolean {
  return schema.includes("{tenant}");
}

/**
 * Finds the tenants that are there: schemas that fit the pattern and hold the table of drizzle-orm's migrator, or one
 * of the project's newest tables.
 *
 * @param context with a fleet that has the database
 */
export async function findTenants(
  context: Context,
  { folder, source }: ExistingProject,
  pattern: string,
): Promise<string[]> {
  const tables = [source.table, ...(await newestTables(folder))];
  return withDatabases(context, [databaseName], (open) =>
    readDatabase(context, open.addressOf(databaseName), (session) =>
      discoverTenants(session, pattern, tables, [source.schema]),
    ),
  );
}

/**
 * Writes the fleet's configuration in the place of the old one, which is kept beside it, and into .gitattributes that the
 * migrations have LF. When the new configuration does not load, everything is as before.
 *
 * @throws FleetError `config` when it does not load, `write` when it cannot be written
 */
export async function writeFleet(
  { config, kept, written }: ExistingProject,
  fleet: FleetInput,
): Promise<void> {
  const { file, root, shown } = config;
  const cannot = (cause: unknown) =>
    new FleetError("write", `${shown} cannot be replaced: ${messageOf(cause)}`, {
      where: shown,
      remedy: "Look at who may write there. Nothing was changed.",
      cause,
    });
  await copyFile(file, kept, constants.COPYFILE_EXCL).catch((cause: unknown) => {
    throw cannot(cause);
  });
  try {
    await writeFile(written, fleetConfigText(fleet, written)).catch((cause: unknown) => {
      throw cannot(cause);
    });
    await loadConfig(written);
    const attributes = await gitAttributes(root, resolve(root, config.out));
    if (attributes !== undefined) await writeFiles([attributes]);
    if (written !== file) await rm(file);
  } catch (error) {
    if (written !== file) await rm(written, { force: true });
    await rename(kept, file);
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}

/** The name in package.json without its scope. */
async function packageName(root: string): Promise<string> {
  const text = await readFile(resolve(root, "package.json"), "utf8").catch(() => "{}");
  const [, name] = /^(?:@[^/]*\/)?([^/]+)$/.exec(nameIn(text)) ?? [];
  return name ?? "app";
}

function nameIn(text: string): string {
  try {
    return String(JSON.parse(text).name ?? "");
  } catch {
    return "";
  }
}

function alreadyKept(kept: string): FleetError {
  const shown = relative(process.cwd(), kept);
  return new FleetError("config", `${shown} is there already`, {
    where: shown,
    remedy: "The old configuration would be kept there: move that file away. Nothing was written.",
  });
}

async function noMigrations({ root, out, shown }: PlainConfig): Promise<FleetError> {
  const files = await readdir(resolve(root, out)).catch(() => []);
  if (files.some((file) => file.endsWith(".sql")))
    return new FleetError("config", `${out} holds SQL files, and no journal that lists them`, {
      where: shown,
      remedy:
        'Write the journal with the command in docs/existing-projects.md, "Migrations without a journal". Nothing was written.',
    });
  return new FleetError("config", `${out} holds no migrations`, {
    where: shown,
    remedy:
      'Correct "out", or make the first migration with drizzle-kit generate. Nothing was written.',
  });
}

import { constants, copyFile, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { type PlainConfig, readPlainConfig } from "../config/drizzle-kit-config.ts";
import { loadConfig } from "../config/load.ts";
import { fleetConfigText } from "../config/render.ts";
import { type FleetInput, parseFleet } from "../config/schema.ts";
import { docsPage } from "../core/docs-page.ts";
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

/** A project that uses drizzle-kit but has no fleet configuration. */
export interface ExistingProject {
  readonly config: PlainConfig;
  readonly folder: MigrationsFolder;
  /** The new path of the old configuration; absolute. */
  readonly kept: string;
  /** The path of the new configuration; absolute. Like the old one, but TypeScript instead of JSON. */
  readonly written: string;
  /** The schema of all tables of the project, if they have one schema and it is not `public`. */
  readonly sourceSchema: string | undefined;
  /** The default name of the service. */
  readonly name: string;
  /** The table in which drizzle-orm's migrator records applied migrations. */
  readonly source: DrizzleSource;
}

/** Answers to questions that the configuration of drizzle-kit does not answer. */
export interface InitAnswers {
  readonly service: string;
  /** The pattern of tenant schema names, which contains `{tenant}`; or the name of the single schema. */
  readonly schema: string;
  readonly tenants: readonly string[];
  /** The environment variable with the connection URL. */
  readonly urlVariable: string;
}

/** The name of a new fleet's only database. */
const databaseName = "main";

/**
 * Reads a project that will become a fleet. Changes nothing.
 *
 * @param path its configuration file; undefined to search for it, see `configFile`
 * @throws FleetError `config` if it cannot become one: for the reasons of `readPlainConfig`, without migrations, or if the
 *   new path of the old configuration exists; `journal` if the journal is malformed
 */
export async function readProject(path: string | undefined): Promise<ExistingProject> {
  const config = await readPlainConfig(path);
  const { file, root, migrations = {} } = config;
  const kept = file.replace(/(\.[^./\\]+)$/, ".before-fleet$1");
  if (await exists(kept)) throw existingFileError(kept);
  const written = file.replace(/\.json$/, ".ts");
  const folder = await readFolder(resolve(root, config.out));
  if (folder === undefined) throw await noMigrationsError(config);
  const { table = defaultSource.table, schema = defaultSource.schema } = migrations;
  const [name, sourceSchema] = await Promise.all([packageName(root), onlySchema(folder)]);
  return { config, folder, kept, written, sourceSchema, name, source: { table, schema } };
}

/**
 * Builds the fleet configuration of a project.
 *
 * @throws FleetError `config` for invalid names
 */
export function fleetFor(
  { config, folder, sourceSchema }: ExistingProject,
  answers: InitAnswers,
): FleetInput {
  const { root, schema, out, casing, migrations = {} } = config;
  // drizzle-kit 1.0 does not have this setting, and the default need not be written.
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
        // A single schema can be named in SQL without sourceSchema.
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

/** Makes absolute paths relative, so that the project can be moved. */
function inProject(root: string, path: string): string {
  if (!isAbsolute(path)) return path;
  const found = relative(root, path).replaceAll("\\", "/");
  return found.startsWith("..") ? found : `./${found}`;
}

/** True for a pattern that gives each tenant its own schema. */
export function isPattern(schema: string): boolean {
  return schema.includes("{tenant}");
}

/**
 * Finds existing tenants: schemas that match the pattern and contain the table of drizzle-orm's migrator or one of the
 * tables in the project's newest snapshot.
 *
 * @param context with the new fleet configuration
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
 * Replaces the project's configuration with the fleet's, keeps the old one under another name, and adds a line to
 * .gitattributes so that migrations keep LF. If the new configuration does not load, all changes are undone.
 *
 * @throws FleetError `config` if it does not load, `write` if it cannot be written
 */
export async function writeFleet(
  { config, kept, written }: ExistingProject,
  fleet: FleetInput,
): Promise<void> {
  const { file, root, shown } = config;
  const replacementError = (cause: unknown) =>
    new FleetError("write", `${shown} cannot be replaced: ${messageOf(cause)}`, {
      where: shown,
      remedy: "Nothing was changed. Check the permissions of the file and its folder.",
      cause,
    });
  await copyFile(file, kept, constants.COPYFILE_EXCL).catch((cause: unknown) => {
    throw replacementError(cause);
  });
  try {
    await writeFile(written, fleetConfigText(fleet, written)).catch((cause: unknown) => {
      throw replacementError(cause);
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

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}

/** The name in package.json, without its scope. */
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

function existingFileError(kept: string): FleetError {
  const shown = relative(process.cwd(), kept);
  return new FleetError("config", `${shown} already exists`, {
    where: shown,
    remedy:
      "Nothing was written. Move this file: init keeps the old configuration under this name.",
  });
}

async function noMigrationsError({ root, out, shown }: PlainConfig): Promise<FleetError> {
  const files = await readdir(resolve(root, out)).catch(() => []);
  if (files.some((file) => file.endsWith(".sql")))
    return new FleetError("config", `${out} contains SQL files, but no journal that lists them`, {
      where: shown,
      remedy: `Nothing was written. Create the journal first, as described in ${docsPage("existing-projects.md")}#migrations-without-a-journal`,
    });
  return new FleetError("config", `${out} contains no migrations`, {
    where: shown,
    remedy:
      'Nothing was written. Correct "out". To generate the first migration instead, run: npx drizzle-kit generate',
  });
}

import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { glob } from "tinyglobby";
import { type Prefix, type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { importTypeScript, moduleError } from "../config/typescript.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import { type MigrationsFolder, readFolder } from "../source/folder.ts";
import type { Decisions, RenameQuestion } from "./decisions.ts";
import { loadKit, loadRaw } from "./kit.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import {
  type Export,
  isPgTable,
  isTable,
  refuseClashes,
  refuseLost,
  refuseSameExports,
} from "./same-names.ts";
import { objectsOf } from "./snapshot-objects.ts";
import { spellOut } from "./spell-out.ts";
import { undefinedColumn } from "./undefined-columns.ts";

/** How a service's Drizzle schema differs from its newest migration. */
export interface SchemaDiff {
  readonly service: string;
  /** Absolute path of the migrations folder. */
  readonly path: string;
  /** What is in it; undefined before the first migration. */
  readonly folder: MigrationsFolder | undefined;
  readonly kit: Kit;
  readonly previous: Snapshot;
  readonly current: Snapshot;
  /** What tags begin with, where the configuration says it. */
  readonly prefix: Prefix | undefined;
  /** By which names the snapshots call the schema of the target. */
  readonly sources: readonly string[];
  /** Schema files that define tables and export none, as shown to people. */
  readonly silent: readonly string[];
}

/**
 * Compares a service's Drizzle schema with the snapshot of its newest migration.
 *
 * @param root the folder that the service's paths start from
 * @param seen told each file that the schema is made of, see `importTypeScript`
 * @throws FleetError `schema` when a schema file does not load, with file and line; `journal` when drizzle-kit's
 *   files are damaged; `config` when the drizzle-kit that is installed writes another layout
 */
export async function compareSchema(
  service: string,
  config: ServiceConfig,
  root: string,
  seen?: (path: string) => void,
): Promise<SchemaDiff> {
  const path = resolve(root, config.out);
  const [kit, folder] = await Promise.all([
    loadKit(root, sourceSchemasOf(config)),
    readFolder(path),
  ]);
  refuseOtherLayout(kit, folder);
  refuseCasing(kit, service, config);
  const previous = await kit.at(folder, (folder?.migrations.length ?? 0) - 1);
  const files = await schemaFiles(service, config, root);
  const { modules, placeOf } = await importTypeScript(files, root, seen);
  const exports = modules.flatMap((module, index) => exportsOf(module, files[index] ?? ""));
  const take = async () => {
    refuseSameExports(exports);
    const exported = [...new Set(exports.map(({ value }) => value))];
    await spellOut(exported, kit.layout, () => loadRaw(root));
    const snapshot = await kit.take(exported, previous, config.casing);
    refuseLost(exports, snapshot);
    refuseClashes(snapshot, previous, [config.schema].flat().join(", "));
    return snapshot;
  };
  const current = await take().catch((error: unknown): never => {
    if (isFleetError(error)) throw error;
    const where = placeOf(error);
    throw undefinedColumn(exports, error, where) ?? moduleError(error, where);
  });
  refuseOtherDialect(exports, current);
  return {
    service,
    path,
    folder,
    kit,
    previous,
    current,
    prefix: config.prefix,
    silent: await silentFiles(files, exports),
    sources: sourceSchemasOf(config),
  };
}

/** drizzle-kit passes over tables of another dialect: a schema of nothing else is empty to it. */
function refuseOtherDialect(exports: readonly Export[], current: Snapshot): void {
  if (objectsOf(current).some(({ kind }) => kind === "table")) return;
  const other = exports.find(({ value }) => isTable(value) && !isPgTable(value));
  if (other === undefined) return;
  throw new FleetError("schema", `${other.name} is not a PostgreSQL table`, {
    where: other.file,
    remedy: "Define tables with pgTable of drizzle-orm/pg-core.",
  });
}

async function silentFiles(
  files: readonly string[],
  exports: readonly Export[],
): Promise<string[]> {
  const telling = new Set(exports.flatMap(({ file, value }) => (isTable(value) ? file : [])));
  const silent = await Promise.all(
    files.map(async (path) => {
      const file = relative(process.cwd(), path);
      if (telling.has(file)) return [];
      const code = (await readFile(path, "utf8")).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return /\bpgTable\)?\s*\(|\.table\(\s*["'`]/.test(code) ? [file] : [];
    }),
  );
  return silent.flat();
}

function exportsOf(module: Readonly<Record<string, unknown>>, path: string): Export[] {
  const file = relative(process.cwd(), path);
  return Object.entries(module).map(([name, value]) => ({ name, file, value }));
}

/** What cannot be told from the two schemas alone, once these decisions are made. */
export function questionsOf(
  { kit, previous, current }: SchemaDiff,
  decisions: Decisions,
): Promise<readonly RenameQuestion[]> {
  return kit.questions(previous, current, decisions);
}

/** The SQL of the difference; empty when there is none. What was not decided counts as dropped and new. */
export function sqlOf(
  { kit, previous, current }: SchemaDiff,
  decisions: Decisions,
): Promise<string[]> {
  return kit.diff(previous, current, decisions);
}

/**
 * Loads the drizzle-kit of a project for a migrations folder.
 *
 * @throws FleetError `config` when there is none, or it writes another layout
 */
export async function loadKitFor(
  root: string,
  folder: Pick<MigrationsFolder, "path" | "layout">,
): Promise<Kit> {
  const kit = await loadKit(root);
  refuseOtherLayout(kit, folder);
  return kit;
}

/** drizzle-kit 1.0 would pass over it, and every column would get another name. */
function refuseCasing({ layout, version }: Kit, service: string, { casing }: ServiceConfig): void {
  if (layout === "journal" || casing === undefined) return;
  throw new FleetError("config", `casing is no option of drizzle-kit ${version}`, {
    where: `services.${service}.casing`,
    remedy: `Take it out, and say it in the schema: import { ${casing === "camelCase" ? "camelCase" : "snakeCase"} } from "drizzle-orm/pg-core".`,
  });
}

function refuseOtherLayout(
  kit: Kit,
  folder: Pick<MigrationsFolder, "path" | "layout"> | undefined,
): void {
  if (folder === undefined || folder.layout === kit.layout) return;
  const shown = relative(process.cwd(), folder.path);
  throw folder.layout === "journal"
    ? new FleetError(
        "config",
        `${shown} has drizzle-kit 0.31's layout, and ${kit.version} is installed`,
        {
          where: shown,
          remedy:
            "Convert the folder with: drizzle-kit up. Every ledger stays valid. The next steps are in docs/migrations.md.",
        },
      )
    : new FleetError(
        "config",
        `${shown} has drizzle-kit 1.0's layout, and ${kit.version} is installed`,
        {
          where: shown,
          remedy: "Install drizzle-kit 1.0.",
        },
      );
}

/**
 * The schema files of a service, as drizzle-kit finds them: a folder's own files, a file, or a pattern. A pattern that
 * begins with `!` leaves files out.
 */
async function schemaFiles(
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
  // A folder may hold a README or a drawing beside the schema.
  const files = found.filter((file) => /\.[cm]?[jt]sx?$/.test(file));
  if (files.length > 0) return files.sort();
  throw new FleetError(
    "schema",
    `service ${service} has no schema files: ${[config.schema].flat().join(", ")}`,
    {
      where: `services.${service}.schema`,
      remedy: "Correct the path in drizzle.config.ts, or write the first table.",
    },
  );
}

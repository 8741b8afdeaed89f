import { relative, resolve } from "node:path";
import { type Prefix, type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { importTypeScript, moduleError } from "../config/typescript.ts";
import { docsPage } from "../core/docs-page.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import { type MigrationsFolder, readFolder } from "../source/folder.ts";
import { correctValues } from "./corrected-values.ts";
import type { Decisions, RenameQuestion } from "./decisions.ts";
import { type Export, isPgTable, isTable } from "./drizzle-tables.ts";
import { refuseClashes, refuseLost, refuseSameExports } from "./duplicate-names.ts";
import { loadKit, loadRaw } from "./kit.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import { schemaFiles, silentFiles } from "./schema-files.ts";
import { objectsOf } from "./snapshot-objects.ts";
import { undefinedColumnError } from "./undefined-columns.ts";

/** A service's Drizzle schema, and the snapshot of its newest migration. */
export interface SchemaDiff {
  readonly service: string;
  /** Absolute path of the migrations folder. */
  readonly path: string;
  /** Undefined before the first migration. */
  readonly folder: MigrationsFolder | undefined;
  readonly kit: Kit;
  readonly previous: Snapshot;
  readonly current: Snapshot;
  /** How tags begin, if the configuration specifies it. */
  readonly prefix: Prefix | undefined;
  /** The schema names that the snapshots use for the schema of the target. */
  readonly sources: readonly string[];
  /** Schema files that define tables but export none, as shown to the user. */
  readonly silent: readonly string[];
}

/**
 * Compares a service's Drizzle schema with the snapshot of its newest migration.
 *
 * @param root the folder that the service's paths are relative to
 * @param seen called with each file that the schema consists of, see `importTypeScript`
 * @throws FleetError `schema` if a schema file does not load, with file and line; `journal` for damaged files of
 *   drizzle-kit; `config` if the installed drizzle-kit writes another layout
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
  const current = await takeSnapshot({ kit, exports, previous, config, root }).catch(
    (error: unknown): never => {
      if (isFleetError(error)) throw error;
      const where = placeOf(error);
      throw undefinedColumnError(exports, error, where) ?? moduleError(error, where);
    },
  );
  refuseOtherDialect(exports, current);
  const silent = await silentFiles(files, exports);
  const { prefix } = config;
  const sources = sourceSchemasOf(config);
  return { service, path, folder, kit, previous, current, prefix, silent, sources };
}

/** What the snapshot of a Drizzle schema is taken from. */
interface SnapshotInput {
  readonly kit: Kit;
  readonly exports: readonly Export[];
  readonly previous: Snapshot;
  readonly config: ServiceConfig;
  readonly root: string;
}

/** Takes a snapshot, and refuses what drizzle-kit would silently leave out of it. */
async function takeSnapshot(input: SnapshotInput): Promise<Snapshot> {
  const { kit, exports, previous, config, root } = input;
  refuseSameExports(exports);
  const exported = [...new Set(exports.map(({ value }) => value))];
  await correctValues(exported, kit.layout, () => loadRaw(root));
  const snapshot = await kit.take(exported, previous, config.casing);
  refuseLost(exports, snapshot);
  refuseClashes(snapshot, previous, [config.schema].flat().join(", "));
  return snapshot;
}

/** drizzle-kit ignores tables of another dialect, so a schema that has no others would count as empty. */
function refuseOtherDialect(exports: readonly Export[], current: Snapshot): void {
  if (objectsOf(current).some(({ kind }) => kind === "table")) return;
  const other = exports.find(({ value }) => isTable(value) && !isPgTable(value));
  if (other === undefined) return;
  throw new FleetError("schema", `${other.name} is not a PostgreSQL table`, {
    where: other.file,
    remedy: "Define tables with pgTable of drizzle-orm/pg-core.",
  });
}

function exportsOf(module: Readonly<Record<string, unknown>>, path: string): Export[] {
  const file = relative(process.cwd(), path);
  return Object.entries(module).map(([name, value]) => ({ name, file, value }));
}

/** What the two schemas and these decisions leave ambiguous. */
export function questionsOf(
  { kit, previous, current }: SchemaDiff,
  decisions: Decisions,
): Promise<readonly RenameQuestion[]> {
  return kit.questions(previous, current, decisions);
}

/** The SQL of the difference; empty if there is none. Undecided objects count as dropped and created. */
export function sqlOf(
  { kit, previous, current }: SchemaDiff,
  decisions: Decisions,
): Promise<string[]> {
  return kit.diff(previous, current, decisions);
}

/**
 * Loads the drizzle-kit of a project for a migrations folder.
 *
 * @throws FleetError `config` if it is not installed, or writes another layout
 */
export async function loadKitFor(
  root: string,
  folder: Pick<MigrationsFolder, "path" | "layout">,
): Promise<Kit> {
  const kit = await loadKit(root);
  refuseOtherLayout(kit, folder);
  return kit;
}

/** drizzle-kit 1.0 would ignore the setting, and every column would get another name. */
function refuseCasing({ layout, version }: Kit, service: string, { casing }: ServiceConfig): void {
  if (layout === "journal" || casing === undefined) return;
  throw new FleetError("config", `drizzle-kit ${version} does not support casing`, {
    where: `services.${service}.casing`,
    remedy: `Remove it, and set the casing in the schema: import { ${casing === "camelCase" ? "camelCase" : "snakeCase"} } from "drizzle-orm/pg-core".`,
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
        `${shown} has the layout of drizzle-kit 0.31, but ${kit.version} is installed`,
        {
          where: shown,
          remedy: `For what to do after the conversion, see ${docsPage("migrations.md")}#convert-to-drizzle-kit-10. Every ledger stays valid. To convert the folder, run: npx drizzle-kit up`,
        },
      )
    : new FleetError(
        "config",
        `${shown} has the layout of drizzle-kit 1.0, but ${kit.version} is installed`,
        {
          where: shown,
          remedy: "Install drizzle-kit 1.0.",
        },
      );
}

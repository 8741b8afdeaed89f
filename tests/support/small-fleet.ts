import type { FleetInput } from "../../src/config/schema.ts";
import type { Context } from "../../src/fleet/context.ts";
import { createProject } from "./cli.ts";
import { createDatabase, type TestDatabase } from "./database.ts";
import {
  appFleet,
  configFile,
  contextFor,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "./fleet.ts";

export interface SmallFleetOptions {
  /** Ids of the tenants; by default only `a`. */
  readonly tenants?: readonly string[];
  /** Migrations on disk, by tag. With `pending`, they are also applied. */
  readonly migrations: Files;
  /** All migrations on disk after `migrations` were applied; the additional ones are pending. */
  readonly pending?: Files;
  /** Additional files of the project, written together with the last migrations. */
  readonly files?: Files;
  /** Settings that differ from those of `appFleet`. */
  readonly settings?: Partial<FleetInput>;
  /** The URL that the fleet uses, for example that of a proxy; by default the database's own. */
  readonly addressOf?: (database: TestDatabase) => Promise<string>;
}

export interface SmallFleet {
  readonly database: TestDatabase;
  /** The folder of the project, for the command line. */
  readonly project: string;
  /** The same fleet, for operations in this process. */
  readonly context: Context;
}

/** Creates a project with one service, `app`, in its own database, for the command line and for operations. */
export async function createFleet({
  tenants = ["a"],
  migrations,
  pending,
  files = {},
  settings = {},
  addressOf,
}: SmallFleetOptions): Promise<SmallFleet> {
  const database = await createDatabase();
  const url = (await addressOf?.(database)) ?? database.url;
  const fleet = appFleet(url, [...tenants], settings);
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
    ...(pending === undefined ? files : {}),
  });
  const context = contextFor(project, fleet);
  if (pending !== undefined) {
    const { outcomes } = await migrateAll(context);
    const other = outcomes.find(({ status }) => status !== "succeeded");
    if (other !== undefined) throw new Error(`${other.target.schema}: ${other.failure?.message}`);
    await writeFiles(project, { ...history("drizzle/app", pending), ...files });
  }
  return { database, project, context };
}

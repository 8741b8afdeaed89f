import type { PlanProblem } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import {
  type DrizzleRow,
  type DrizzleTableState,
  readDrizzleTables,
} from "../ledger/drizzle-table.ts";
import { type History, historyOf, type Planner } from "../plan/build.ts";
import { type Generated, type Imported, matchRows, planImport } from "../plan/import.ts";
import { readFolder } from "../source/folder.ts";
import { type Context, migrationsFolder, type OpenDatabases } from "./context.ts";
import { withDatabase } from "./plan-fleet.ts";

/** Where drizzle-orm's own migrator keeps what it applied. */
export interface DrizzleSource {
  readonly table: string;
  /** The schema to look into where the tenant schema has no such table; may hold `{tenant}`. */
  readonly schema: string;
}

/** Where drizzle-orm's migrator keeps it unless it is told otherwise. */
export const defaultSource: DrizzleSource = { table: "__drizzle_migrations", schema: "drizzle" };

/**
 * Reads what drizzle-orm's own migrator recorded, for all targets in a few queries per database, and gives the planner
 * that records the same in their ledgers.
 */
export async function importPlanner(
  context: Context,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  source: DrizzleSource,
  open: OpenDatabases,
): Promise<Planner> {
  const generated = await readTimes(context, [...histories.keys()]);
  const tables = await readTables(context, targets, source, open);
  const match = remembered((service, rows) =>
    matchRows(histories.get(service) ?? historyOf([]), generated.get(service) ?? new Map(), rows),
  );
  return (target, history, state) => {
    const own = tables(target, target.schema);
    const used = own.kind === "none" ? tables(target, sharedSchema(source, target)) : own;
    const imported =
      used.kind === "table" ? match(target.service, used.rows) : refused(used.kind, source);
    return planImport(target, history, state, imported);
  };
}

function sharedSchema({ schema }: DrizzleSource, { tenant = "" }: Target): string {
  return schema.replace("{tenant}", () => tenant);
}

async function readTimes(
  context: Context,
  services: readonly string[],
): Promise<Map<string, Map<string, Generated>>> {
  const times = services.map(async (service) => {
    const folder = await readFolder(migrationsFolder(context, service));
    // A folder's name says the second, a journal the millisecond.
    const precisionMs = folder?.layout === "folders" ? 1_000 : 1;
    const generated = (folder?.migrations ?? []).map(
      ({ tag, when }) => [tag, { when, precisionMs }] as const,
    );
    return [service, new Map(generated)] as const;
  });
  return new Map(await Promise.all(times));
}

async function readTables(
  context: Context,
  targets: readonly Target[],
  source: DrizzleSource,
  open: OpenDatabases,
): Promise<(target: Target, schema: string) => DrizzleTableState> {
  const names = [...new Set(targets.map(({ database }) => database))];
  const read = names.map(async (name) => {
    const own = targets.filter(({ database }) => database === name);
    const schemas = own.flatMap((target) => [target.schema, sharedSchema(source, target)]);
    const states = await withDatabase(context, open.addressOf(name), (session) =>
      readDrizzleTables(session, source.table, [...new Set(schemas)]),
    );
    return [name, states] as const;
  });
  const byDatabase = new Map(await Promise.all(read));
  return ({ database }, schema) => byDatabase.get(database)?.get(schema) ?? { kind: "none" };
}

/** Thousands of tenants have few different tables: each is matched once per service. */
function remembered(
  match: (service: string, rows: readonly DrizzleRow[]) => Imported,
): (service: string, rows: readonly DrizzleRow[]) => Imported {
  const results = new Map<readonly DrizzleRow[], Map<string, Imported>>();
  return (service, rows) => {
    const own = results.get(rows) ?? new Map<string, Imported>();
    results.set(rows, own);
    const imported = own.get(service) ?? match(service, rows);
    own.set(service, imported);
    return imported;
  };
}

function refused(
  kind: Exclude<DrizzleTableState["kind"], "table">,
  { table, schema }: DrizzleSource,
): Imported {
  const problems: Record<typeof kind, PlanProblem> = {
    none: {
      kind: "notImported",
      tag: undefined,
      message: `neither the tenant schema nor schema "${schema}" has a table "${table}" of drizzle-orm's`,
      remedy:
        "Name where it is with --drizzle-table and --drizzle-schema; or record what this target has with drizzle-fleet stamp <tag>.",
    },
    unreadable: {
      kind: "unreadable",
      tag: undefined,
      message: `drizzle-orm's table "${table}" cannot be read with this role`,
      remedy: "Give the migrating role USAGE on its schema and SELECT on the table.",
    },
    locked: {
      kind: "locked",
      tag: undefined,
      message: `drizzle-orm's table "${table}" is locked by another session`,
      remedy: "Run the command again when that session's transaction is over.",
    },
  };
  return { entries: [], problems: [problems[kind]] };
}

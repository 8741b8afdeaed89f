import { sourceSchemasOf } from "../config/schema.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import { escapeRegExp } from "../core/regexp.ts";
import type { Target } from "../core/target.ts";
import {
  type DrizzleRow,
  type DrizzleTableState,
  findSimilarTables,
  readDrizzleTables,
  type TablePlace,
  tableName,
} from "../ledger/drizzle-table.ts";
import { type History, historyOf } from "../plan/history.ts";
import { planTargetImport, refuseFewerRelations } from "../plan/import.ts";
import {
  sameImport,
  type TargetOptions,
  theseTargets,
  withCommands,
} from "../plan/import-problems.ts";
import {
  type GeneratedTime,
  type ImportedRows,
  matchRows,
  type TableOwner,
} from "../plan/match-rows.ts";
import type { Planner } from "../plan/targets.ts";
import { FilledTexts } from "../source/filled-text.ts";
import { readFolder } from "../source/folder.ts";
import { commandText, quotedWord } from "./command.ts";
import { type Context, migrationsFolder } from "./context.ts";
import { databasesOf } from "./databases.ts";
import type { OpenFleet } from "./open-fleet.ts";
import { readerOf } from "./plan-fleet.ts";

/** Where drizzle-orm's own migrator, or one with a similar table, records what it applied. */
export interface DrizzleSource {
  /** The table's name; may contain `{tenant}`. */
  readonly table: string;
  /** The schema to look in when the tenant schema has no such table; may contain `{tenant}`. */
  readonly schema: string;
  /** True: import migrations whose file was edited after they were applied, and match them by name or time. */
  readonly acceptEdited?: boolean;
}

/** Where drizzle-orm's migrator keeps its records by default. */
export const defaultSource: DrizzleSource = { table: "__drizzle_migrations", schema: "drizzle" };

/** The options of `stamp --from-drizzle` that name the table; none for drizzle-orm's default. */
function sourceOptions({ table, schema }: DrizzleSource): string[] {
  return [
    ...(table === defaultSource.table ? [] : ["--drizzle-table", table]),
    ...(schema === defaultSource.schema ? [] : ["--drizzle-schema", schema]),
  ];
}

/** The command that imports a table, ready to copy, without selection or configuration. */
export function importCommand(source: DrizzleSource): string {
  return ["npx drizzle-fleet stamp --from-drizzle", ...sourceOptions(source).map(quotedWord)].join(
    " ",
  );
}

/** How to copy another migrator's records into the ledgers. */
export interface Importing {
  readonly planOne: Planner;
  /** Adds to problems the commands that resolve them. */
  readonly finish: (plans: readonly TargetPlan[]) => readonly TargetPlan[];
}

/**
 * Reads what another migrator recorded, for all targets in a few queries per database.
 *
 * @returns the planner that records the same in the ledgers
 */
export async function importPlanner(fleet: OpenFleet, source: DrizzleSource): Promise<Importing> {
  const { context } = fleet;
  const generated = await readTimes(fleet);
  const tables = await readTables(fleet, source);
  const match = matcher(fleet, generated, source);
  const shared = new Map<Target, number>();
  const planOne: Planner = (target, history, state) => {
    const own = tables.stateAt(target, ownPlace(source, target));
    const isShared = own.kind === "none";
    const used = isShared ? tables.stateAt(target, sharedPlace(source, target)) : own;
    const imported =
      used.kind === "table"
        ? match(target, used.rows, isShared)
        : refused(used.kind, source, target, tables.similar);
    if (isShared && state.kind === "noLedger") shared.set(target, state.relations);
    return planTargetImport(target, history, state, imported);
  };
  const again = commandText(context, ["stamp", "--from-drizzle", ...sourceOptions(source)], {
    services: [],
    tenants: [],
    databases: [],
  });
  const finish = (plans: readonly TargetPlan[]) =>
    withCommands(refuseFewerRelations(plans, shared), again, (some) => optionsFor(context, some));
  return { planOne, finish };
}

/** The most tenants that one command names; the user repeats it for the others. */
const longestCommand = 50;

function optionsFor(context: Context, targets: readonly Target[]): TargetOptions {
  const { services } = context.config.fleet;
  const several = Object.keys(services).length > 1;
  const tenants = targets.flatMap(({ tenant }) => tenant ?? []).slice(0, longestCommand);
  const more = tenants.length > 0 ? targets.length - tenants.length : 0;
  const selection = commandText({ ...context, environment: {} }, [], {
    services: several ? targets.slice(0, 1).map(({ service }) => service) : [],
    tenants,
    databases: [],
  }).replace(/^npx drizzle-fleet/, "");
  const note =
    more > 0
      ? `The stamp command below names only ${tenants.length} of these ${targets.length} tenants: repeat it for the other ${more === 1 ? "tenant" : more}. `
      : "";
  return { selection, note };
}

function ownPlace({ table }: DrizzleSource, { schema, tenant = "" }: Target): TablePlace {
  return { schema, table: table.replace("{tenant}", () => tenant) };
}

function sharedPlace({ table, schema }: DrizzleSource, { tenant = "" }: Target): TablePlace {
  const named = (name: string) => name.replace("{tenant}", () => tenant);
  return { schema: named(schema), table: named(table) };
}

async function readTimes({
  context,
  histories,
}: OpenFleet): Promise<Map<string, Map<string, GeneratedTime>>> {
  const times = [...histories.keys()].map(async (service) => {
    const folder = await readFolder(migrationsFolder(context, service));
    // A folder's name is precise to the second, a journal to the millisecond.
    const precisionMs = folder?.layout === "folders" ? 1_000 : 1;
    const generated = (folder?.migrations ?? []).map(
      ({ tag, when }) => [tag, { when, precisionMs }] as const,
    );
    return [service, new Map(generated)] as const;
  });
  return new Map(await Promise.all(times));
}

interface Tables {
  readonly stateAt: (target: Target, place: TablePlace) => DrizzleTableState;
  /** Tables that may be the right ones, if a database lacks some of the expected ones. */
  readonly similar: (target: Target) => readonly TablePlace[];
}

async function readTables(fleet: OpenFleet, source: DrizzleSource): Promise<Tables> {
  const readIn = readerOf(fleet);
  const read = databasesOf(fleet.targets).map(async (name) => {
    const own = fleet.targets.filter(({ database }) => database === name);
    const placesOf = (target: Target) => [ownPlace(source, target), sharedPlace(source, target)];
    const places = new Map(own.flatMap(placesOf).map((place) => [tableName(place), place]));
    const found = await readIn(name, async (session) => {
      const states = await readDrizzleTables(session, [...places.values()]);
      const isMissing = own.some((target) =>
        placesOf(target).every((place) => !states.has(tableName(place))),
      );
      return { states, similar: isMissing ? await findSimilarTables(session) : [] };
    });
    return [name, found] as const;
  });
  const byDatabase = new Map(await Promise.all(read));
  return {
    stateAt: ({ database }, place) =>
      byDatabase.get(database)?.states.get(tableName(place)) ?? { kind: "none" },
    similar: ({ database }) => byDatabase.get(database)?.similar ?? [],
  };
}

/**
 * Matches the rows of tables with migrations. Thousands of tenants have only a few different tables, so each is matched once
 * per service with the texts on disk, and only if that fails with the texts filled in for the tenant's schema.
 */
function matcher(
  fleet: OpenFleet,
  generated: ReadonlyMap<string, ReadonlyMap<string, GeneratedTime>>,
  { acceptEdited = false }: DrizzleSource,
): (target: Target, rows: readonly DrizzleRow[], isShared: boolean) => ImportedRows {
  const { histories } = fleet;
  const { services } = fleet.context.config.fleet;
  const texts = new Map(
    Object.entries(services).map(([name, config]) => [
      name,
      new FilledTexts(sourceSchemasOf(config)),
    ]),
  );
  const asTheyAre = remembered((service, rows) =>
    matchRows(historyIn(histories, service), generated.get(service) ?? new Map(), rows),
  );
  const owners = remembered((service) =>
    texts
      .get(service)
      ?.ownersOf(historyIn(histories, service).migrations, schemasOf(fleet, service)),
  );
  return (target, rows, isShared) => {
    const { service, schema } = target;
    const plain = asTheyAre(service, rows);
    const own = texts.get(service);
    if (plain.problems.length === 0 || own === undefined) return plain;
    const shared = isShared ? owners(service, rows) : undefined;
    const owner: TableOwner = {
      ...{ schema, texts: own, acceptEdited },
      ...(shared === undefined ? {} : { owners: shared }),
    };
    return matchRows(
      historyIn(histories, service),
      generated.get(service) ?? new Map(),
      rows,
      owner,
    );
  };
}

function historyIn(histories: ReadonlyMap<string, History>, service: string): History {
  return histories.get(service) ?? historyOf([]);
}

/** The schemas of all tenants of a service. */
function schemasOf({ context, roster }: OpenFleet, service: string): string[] {
  const pattern = context.config.fleet.services[service]?.tenantSchema;
  if (pattern === undefined) return [];
  return roster.listed.map(({ id }) => pattern.replace("{tenant}", () => id));
}

function remembered<Result>(
  make: (service: string, rows: readonly DrizzleRow[]) => Result,
): (service: string, rows: readonly DrizzleRow[]) => Result {
  const results = new Map<readonly DrizzleRow[], Map<string, Result>>();
  return (service, rows) => {
    const own = results.get(rows) ?? new Map<string, Result>();
    results.set(rows, own);
    const result = own.get(service) ?? make(service, rows);
    own.set(service, result);
    return result;
  };
}

function refused(
  kind: Exclude<DrizzleTableState["kind"], "table">,
  source: DrizzleSource,
  target: Target,
  similar: Tables["similar"],
): ImportedRows {
  const { table, schema } = source;
  const problems: Record<typeof kind, PlanProblem> = {
    none: {
      kind: "notImported",
      tag: undefined,
      message: `neither the tenant schema nor schema "${schema}" has a table "${table}" of applied migrations`,
      remedy: whereItMayBe(target, similar(target)),
    },
    unreadable: {
      kind: "unreadable",
      tag: undefined,
      message: `drizzle-orm's table "${table}" cannot be read with this role`,
      remedy: "Grant the migrating role USAGE on its schema and SELECT on the table.",
    },
    locked: {
      kind: "locked",
      tag: undefined,
      message: `drizzle-orm's table "${table}" is locked by another session`,
      remedy: "Wait until that session's transaction has ended, then run the same command again.",
    },
  };
  return { entries: [], problems: [problems[kind]] };
}

/** The command that imports a similar table. A tenant id in the table's name becomes `{tenant}`, for all tenants. */
function whereItMayBe({ schema, tenant }: Target, similar: readonly TablePlace[]): string {
  const isWord = new RegExp(
    `(?<![\\p{L}\\p{N}])${escapeRegExp(tenant ?? "{tenant}")}(?![\\p{L}\\p{N}])`,
    "u",
  );
  const general = (name: string) => name.replace(isWord, () => "{tenant}");
  const own = similar.find((place) => place.schema === schema);
  const named = similar
    .map((place) => ({ schema: general(place.schema), table: general(place.table) }))
    .find((place) => `${place.schema}${place.table}`.includes("{tenant}"));
  const shared = similar.find((place) => place.schema === "public");
  const place =
    own === undefined ? (named ?? shared) : { ...defaultSource, table: general(own.table) };
  if (place === undefined)
    return `Name the table with --drizzle-table and --drizzle-schema. Or, if every migration is applied to the tenant schema, run: npx drizzle-fleet stamp head${theseTargets}`;
  const options = sourceOptions(place).map(quotedWord);
  return `A similar table exists. To import it, run: ${[sameImport, ...options].join(" ")}`;
}

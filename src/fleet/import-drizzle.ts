import { sourceSchemasOf } from "../config/schema.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import { literally } from "../core/regexp.ts";
import type { Target } from "../core/target.ts";
import {
  type DrizzleRow,
  type DrizzleTableState,
  findSimilarTables,
  readDrizzleTables,
  type TablePlace,
  tableName,
} from "../ledger/drizzle-table.ts";
import { type History, historyOf, type Planner } from "../plan/build.ts";
import {
  type Generated,
  type Imported,
  matchRows,
  planTargetImport,
  refuseFewer,
  sameImport,
  type TableOwner,
  theseTargets,
  withCommands,
} from "../plan/import.ts";
import { FilledTexts } from "../source/filled-text.ts";
import { readFolder } from "../source/folder.ts";
import { configuredTenants } from "../tenants/targets.ts";
import { commandText, quotedWord } from "./command.ts";
import { type Context, migrationsFolder, type OpenDatabases } from "./context.ts";
import { readDatabase } from "./plan-fleet.ts";

/** Where drizzle-orm's own migrator, or one that keeps a table like it, keeps what it applied. */
export interface DrizzleSource {
  /** The table's name; may hold `{tenant}`. */
  readonly table: string;
  /** The schema to look into where the tenant schema has no such table; may hold `{tenant}`. */
  readonly schema: string;
  /** Take over migrations whose file was edited since, by their name or time. */
  readonly acceptEdited?: boolean;
}

/** Where drizzle-orm's migrator keeps it unless it is told otherwise. */
export const defaultSource: DrizzleSource = { table: "__drizzle_migrations", schema: "drizzle" };

/** The options of `stamp --from-drizzle` that say where the table is; none for where drizzle-orm keeps it. */
function sourceOptions({ table, schema }: DrizzleSource): string[] {
  return [
    ...(table === defaultSource.table ? [] : ["--drizzle-table", table]),
    ...(schema === defaultSource.schema ? [] : ["--drizzle-schema", schema]),
  ];
}

/** The command that takes over what a table says, ready to copy; without what chooses targets or a configuration. */
export function importCommand(source: DrizzleSource): string {
  return ["drizzle-fleet stamp --from-drizzle", ...sourceOptions(source).map(quotedWord)].join(" ");
}

/** How what another migrator recorded gets into the ledgers. */
export interface Importing {
  readonly planOne: Planner;
  /** Gives problems the commands that get further. */
  readonly finish: (plans: readonly TargetPlan[]) => readonly TargetPlan[];
}

/**
 * Reads what another migrator recorded, for all targets in a few queries per database, and gives the planner that
 * records the same in their ledgers.
 */
export async function importPlanner(
  context: Context,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  source: DrizzleSource,
  open: OpenDatabases,
): Promise<Importing> {
  const generated = await readTimes(context, [...histories.keys()]);
  const tables = await readTables(context, targets, source, open);
  const match = matcher(context, histories, generated, source);
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
    withCommands(
      refuseFewer(plans, shared),
      again.replace("drizzle-fleet", "npx drizzle-fleet"),
      (some) => optionsFor(context, some),
    );
  return { planOne, finish };
}

/** The most tenants that one command names; it can be run again for the others. */
const longestCommand = 50;

function optionsFor(context: Context, targets: readonly Target[]): string {
  const { services } = context.config.fleet;
  const several = Object.keys(services).length > 1;
  const tenants = targets.flatMap(({ tenant }) => tenant ?? []).slice(0, longestCommand);
  const more = targets.length - tenants.length;
  const options = commandText({ ...context, environment: {} }, [], {
    services: several ? targets.slice(0, 1).map(({ service }) => service) : [],
    tenants,
    databases: [],
  }).replace(/^drizzle-fleet/, "");
  return more > 0 && tenants.length > 0
    ? `${options} (then the same for ${more === 1 ? "the other one" : `the ${more} others`})`
    : options;
}

function ownPlace({ table }: DrizzleSource, { schema, tenant = "" }: Target): TablePlace {
  return { schema, table: table.replace("{tenant}", () => tenant) };
}

function sharedPlace({ table, schema }: DrizzleSource, { tenant = "" }: Target): TablePlace {
  const named = (name: string) => name.replace("{tenant}", () => tenant);
  return { schema: named(schema), table: named(table) };
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

interface Tables {
  readonly stateAt: (target: Target, place: TablePlace) => DrizzleTableState;
  /** Where there may be one, in a database that lacks some. */
  readonly similar: (target: Target) => readonly TablePlace[];
}

async function readTables(
  context: Context,
  targets: readonly Target[],
  source: DrizzleSource,
  open: OpenDatabases,
): Promise<Tables> {
  const names = [...new Set(targets.map(({ database }) => database))];
  const read = names.map(async (name) => {
    const own = targets.filter(({ database }) => database === name);
    const placesOf = (target: Target) => [ownPlace(source, target), sharedPlace(source, target)];
    const places = new Map(own.flatMap(placesOf).map((place) => [tableName(place), place]));
    const found = await readDatabase(context, open.addressOf(name), async (session) => {
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
 * Matches tables. Thousands of tenants have few different ones: each is matched once per service as its texts are on
 * disk; only where they do not fit, the tenant's schema is filled in.
 */
function matcher(
  context: Context,
  histories: ReadonlyMap<string, History>,
  generated: ReadonlyMap<string, ReadonlyMap<string, Generated>>,
  { acceptEdited = false }: DrizzleSource,
): (target: Target, rows: readonly DrizzleRow[], isShared: boolean) => Imported {
  const { services } = context.config.fleet;
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
      ?.ownersOf(historyIn(histories, service).migrations, schemasOf(context, service)),
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
function schemasOf({ config: { fleet } }: Context, service: string): string[] {
  const pattern = fleet.services[service]?.tenantSchema;
  if (pattern === undefined) return [];
  return configuredTenants(fleet).map(({ id }) => pattern.replace("{tenant}", () => id));
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
): Imported {
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

/** The command that reads a table that may be meant; one with the tenant's name in it is for every tenant. */
function whereItMayBe({ schema, tenant }: Target, similar: readonly TablePlace[]): string {
  const isWord = new RegExp(
    `(?<![\\p{L}\\p{N}])${literally(tenant ?? "{tenant}")}(?![\\p{L}\\p{N}])`,
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
    return `Say where it is with --drizzle-table and --drizzle-schema. Or, if the tenant schema is as all migrations leave it, record that: npx drizzle-fleet stamp head${theseTargets}`;
  const options = sourceOptions(place).map(quotedWord);
  return `There is one that may be the right one: ${[sameImport, ...options].join(" ")}`;
}

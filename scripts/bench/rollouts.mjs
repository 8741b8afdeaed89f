import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { upgradeByAlembic } from "./alembic.mjs";
import { firstMigration, nextMigration, schemaOf, tenantsUpTo, writeProject } from "./fleets.mjs";
import { inTurns, runNode, spreadOf, tool } from "./measure.mjs";
import { migrateByMultitenant } from "./multitenant.mjs";
import { megabytes, milliseconds, perSecond, times, withSpread } from "./table.mjs";

const loops = fileURLToPath(new URL("loops.mjs", import.meta.url));

/** Runs a loop of loops.mjs. */
function loop(way, options) {
  return runNode([loops, way, JSON.stringify(options)]);
}

/**
 * Rolls out a first migration and weekly ones to a fleet, and the same statements by the other ways, each as a whole
 * process.
 *
 * @param others the other tools that are measured, see `openOthers`
 * @returns rows for the table: the work, for each way its rate with the spread, and ratios; and drizzle-fleet's memory
 */
export async function rollOut(place, { delayed = false, others, ...work }) {
  const { count, tables, rounds } = work;
  const root = join(place.folder, `rollout-${count}-${tables}-${delayed}`);
  mkdirSync(root);
  const migrations = [firstMigration(tables)];
  const databases = {};
  for (const name of ["ours", "loops", "migrator", "multitenant"])
    databases[name] = await place.database();
  const urlOf = (name) => databases[name][delayed ? "delayed" : "url"];
  const fleet = { ...work, root, migrations, urlOf };
  const ways = { ...waysFor(fleet), ...otherWays(fleet, others) };
  const first = await inTurns(1, stepsOf(ways, "first"));
  const weekly = await inTurns(rounds, stepsOf(ways, "next"));
  for (const database of Object.values(databases)) await database.drop();
  const where = delayed ? ", 1 ms each way" : "";
  const size = `${count} tenants x ${tables} ${tables === 1 ? "table" : "tables"}${where}`;
  const rows = [
    row(`first migration, ${migrations[0].length} statements, ${size}`, first, count),
    row(`a column and an index, ${size}`, weekly, count),
  ];
  return { rows, memory: spreadOf(weekly.ours, "memoryMb") };
}

/** The ways by name: each has a function for its first migration, one for each of the following ones, or both. */
function waysFor({ root, migrations, urlOf, count, connections }) {
  const migrate = () => {
    writeProject(root, {
      url: urlOf("ours"),
      tenants: tenantsUpTo(count),
      connections,
      migrations,
    });
    return runNode([tool, "migrate"], { cwd: root });
  };
  const ours = (round) => {
    migrations.push(nextMigration(`${round}_ours`));
    return migrate();
  };
  const inLoop = (way, options) =>
    loop(way, { url: urlOf("loops"), count, connections, ...options });
  const created = () =>
    inLoop("pipeline", { statements: migrations[0], tag: "first", create: true });
  const weekly = (way) => (round) =>
    inLoop(way, { statements: nextMigration(`${round}_${way}`), tag: `${round}_${way}` });
  // Reads the folder to which the first way has just added a migration.
  const migrator = () =>
    inLoop("migrator", { url: urlOf("migrator"), folder: join(root, "drizzle") });
  return {
    ours: { first: migrate, next: ours },
    pipeline: { first: created, next: weekly("pipeline") },
    message: { next: weekly("message") },
    statements: { next: weekly("statements") },
    migrator: { first: migrator, next: migrator },
  };
}

/** The ways of other tools. They read the folder of migrations, or are given it, after the first way has added one. */
function otherWays({ root, migrations, urlOf, count, connections }, { multitenant, alembic }) {
  const tenants = tenantsUpTo(count);
  const options = { root, tenants, count, connections, migrations };
  const byMultitenant = () =>
    migrateByMultitenant(multitenant, {
      ...options,
      ...{ url: urlOf("multitenant"), prefix: schemaOf("") },
    });
  const first = async () => {
    await loop("schemas", { url: urlOf("multitenant"), count, connections });
    return byMultitenant();
  };
  const byAlembic = () => upgradeByAlembic({ ...options, url: urlOf("loops") });
  return {
    ...(multitenant === undefined ? {} : { multitenant: { first, next: byMultitenant } }),
    ...(alembic ? { alembic: { first: byAlembic, next: byAlembic } } : {}),
  };
}

/** One step of those ways that have it. */
function stepsOf(ways, step) {
  const having = Object.entries(ways).filter(([, way]) => way[step] !== undefined);
  return Object.fromEntries(having.map(([name, way]) => [name, way[step]]));
}

function row(work, results, count) {
  const rate = (name) => {
    if (results[name] === undefined) return "";
    const { median, least, most } = spreadOf(results[name], "elapsedMs");
    const per = (elapsed) => (count / elapsed) * 1_000;
    return withSpread({ median: per(median), least: per(most), most: per(least) }, perSecond);
  };
  const ratioTo = (name) =>
    results[name] === undefined
      ? ""
      : times(
          spreadOf(results[name], "elapsedMs").median / spreadOf(results.ours, "elapsedMs").median,
        );
  return [
    work,
    ...["ours", "pipeline", "message", "statements", "migrator", "multitenant", "alembic"].map(
      rate,
    ),
    ...["pipeline", "statements", "migrator", "multitenant", "alembic"].map(ratioTo),
  ];
}

/**
 * Finds nothing to do, and reads every ledger instead.
 *
 * @returns a row for the table, and drizzle-fleet's memory
 */
export async function findNothing(place, { count, rounds, connections }) {
  const { url, drop } = await place.database();
  const root = join(place.folder, `idle-${count}`);
  mkdirSync(root);
  const tenants = tenantsUpTo(count);
  writeProject(root, { url, tenants, connections, migrations: [[`SELECT 1`]] });
  await runNode([tool, "migrate"], { cwd: root });
  const results = await inTurns(rounds, {
    ours: () => runNode([tool, "migrate"], { cwd: root }),
    ledgers: () => loop("ledgers", { url, count, connections: 1 }),
  });
  await drop();
  const elapsed = (name) => spreadOf(results[name], "elapsedMs");
  const memory = spreadOf(results.ours, "memoryMb");
  const row = [
    `nothing to do, ${count} tenants`,
    withSpread(elapsed("ours"), milliseconds),
    withSpread(spreadOf(results.ours, "cpuMs"), milliseconds),
    withSpread(memory, megabytes),
    withSpread(elapsed("ledgers"), milliseconds),
    times(elapsed("ours").median / elapsed("ledgers").median),
  ];
  return { row, memory };
}

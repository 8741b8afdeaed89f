import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstMigration, nextMigration, tenantsUpTo, writeProject } from "./fleets.mjs";
import { inTurns, runNode, spreadOf, tool } from "./measure.mjs";
import { megabytes, milliseconds, times, withSpread } from "./table.mjs";

const loops = fileURLToPath(new URL("loops.mjs", import.meta.url));

/** Runs a loop of loops.mjs. */
function loop(way, options) {
  return runNode([loops, way, JSON.stringify(options)]);
}

/**
 * Rolls out weekly migrations to a fleet, and the same statements by the other ways, each as a whole process.
 *
 * @returns rows for the table: the work, and for each way its rate with the spread
 */
export async function rolloutRows(place, { count, tables, rounds, connections, delayed = false }) {
  const ours = await place.database();
  const [theirs, orm] = [await place.database(), await place.database()];
  const tenants = tenantsUpTo(count);
  const root = join(place.folder, `rollout-${count}-${tables}-${delayed}`);
  mkdirSync(root);
  const migrations = [firstMigration(tables)];
  const via = ({ url, delayed: slow }) => (delayed ? slow : url);
  const write = (database) =>
    writeProject(root, { url: via(database), tenants, connections, migrations });
  const options = (statements, tag) => ({
    ...{ url: via(theirs), count, connections, statements, tag },
  });
  const migrate = () => runNode([tool, "migrate"], { cwd: root });
  write(ours);
  const first = { ours: [await migrate()] };
  await loop("schemas", { ...options([], ""), url: theirs.url });
  first.pipeline = [await loop("pipeline", options(migrations[0], "first"))];
  await loop("schemas", { ...options([], ""), url: orm.url });
  const migrator = () =>
    loop("migrator", { url: via(orm), count, connections, folder: join(root, "drizzle") });
  first.migrator = [await migrator()];
  const names = ["pipeline", "message", "statements"];
  const weekly = await inTurns(rounds, {
    ours: () => {
      migrations.push(nextMigration(`${migrations.length}_ours`));
      write(ours);
      return migrate();
    },
    ...Object.fromEntries(
      names.map((way) => [
        way,
        (round) => loop(way, options(nextMigration(`${round}_${way}`), `${round}_${way}`)),
      ]),
    ),
    // Reads the same folder, to which the first way has just added a migration.
    migrator,
  });
  const where = delayed ? ", 1 ms each way" : "";
  const fleet = `${count} tenants x ${tables} ${tables === 1 ? "table" : "tables"}${where}`;
  await ours.drop();
  await theirs.drop();
  await orm.drop();
  return [
    row(`first migration, ${migrations[0].length} statements, ${fleet}`, first, count),
    row(`a column and an index, ${fleet}`, weekly, count),
  ];
}

function row(work, results, count) {
  const rate = (name) => {
    if (results[name] === undefined) return "";
    const { median, least, most } = spreadOf(results[name], "elapsedMs");
    const per = (elapsed) => Math.round((count / elapsed) * 1_000);
    return withSpread({ median: per(median), least: per(most), most: per(least) }, String);
  };
  const ratioTo = (name) =>
    results[name] === undefined
      ? ""
      : times(
          spreadOf(results[name], "elapsedMs").median / spreadOf(results.ours, "elapsedMs").median,
        );
  return [
    work,
    ...["ours", "pipeline", "message", "statements", "migrator"].map(rate),
    ...["pipeline", "statements", "migrator"].map(ratioTo),
  ];
}

/** Finds nothing to do, and reads every ledger instead. */
export async function idleRows(place, { counts, rounds, connections }) {
  const rows = [];
  for (const count of counts) {
    const database = await place.database();
    const tenants = tenantsUpTo(count);
    const root = join(place.folder, `idle-${count}`);
    mkdirSync(root);
    const { url } = database;
    writeProject(root, { url, tenants, connections, migrations: [[`SELECT 1`]] });
    await runNode([tool, "migrate"], { cwd: root });
    const results = await inTurns(rounds, {
      ours: () => runNode([tool, "migrate"], { cwd: root }),
      ledgers: () => loop("ledgers", { url, count, connections: 1 }),
    });
    const elapsed = (name) => spreadOf(results[name], "elapsedMs");
    rows.push([
      `nothing to do, ${count} tenants`,
      withSpread(elapsed("ours"), milliseconds),
      withSpread(spreadOf(results.ours, "cpuMs"), milliseconds),
      withSpread(spreadOf(results.ours, "memoryMb"), megabytes),
      withSpread(elapsed("ledgers"), milliseconds),
      times(elapsed("ours").median / elapsed("ledgers").median),
    ]);
    await database.drop();
  }
  return rows;
}

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { catalogOf } from "../../dist/catalog/facts.js";
import { parseFleet } from "../../dist/config/schema.js";
import { dumpContent } from "../../dist/dump/rows/content.js";
import { dumpStructure } from "../../dist/dump/structure.js";
import { addTenant } from "../../dist/operations/add-tenant.js";
import { Session } from "../../dist/postgres/session.js";
import { schemaOf, writeConfig } from "./fleets.mjs";
import { inTurns, runNode, spreadOf, tool } from "./measure.mjs";
import { milliseconds, times, withSpread } from "./table.mjs";

const loops = fileURLToPath(new URL("loops.mjs", import.meta.url));

/**
 * Creates tenants from a baseline and by replaying 200 migrations, on a local server and with 1 ms each way. Then
 * compares the command with its floor, a process that only sends the statements of the baseline.
 */
export async function onboardingRows(place, rounds) {
  const root = join(place.folder, "onboarding");
  await writeHistory(root, 200);
  const database = await place.database();
  // Creates the baseline.
  await addTenant(contextFor(root, database.url), { tenant: "first" });
  await writeBaseline(root, database.url);
  const rows = [];
  for (const [where, url] of [
    ["local", database.url],
    ["slow", database.delayed],
  ])
    rows.push([
      `a tenant with 200 migrations, 20 tables${where === "slow" ? ", 1 ms each way" : ""}`,
      ...(await compared(where, contextFor(root, url), rounds)),
      ...(await comparedWithFloor(where, root, url, rounds)),
    ]);
  await refuseDifference(database.url);
  await database.drop();
  return rows;
}

async function compared(where, context, rounds) {
  const run = (kind) => async (round) => {
    const startedAt = performance.now();
    await addTenant(context, { tenant: `${where}_${kind}_${round}`, replay: kind === "replay" });
    return { elapsedMs: performance.now() - startedAt };
  };
  const results = await inTurns(rounds, { replay: run("replay"), baseline: run("baseline") });
  const [baseline, replay] = ["baseline", "replay"].map((kind) =>
    spreadOf(results[kind], "elapsedMs"),
  );
  return [
    withSpread(baseline, milliseconds),
    withSpread(replay, milliseconds),
    times(replay.median / baseline.median),
  ];
}

/** Compares whole processes. */
async function comparedWithFloor(where, root, url, rounds) {
  writeConfig(root, fleetAt(url));
  const file = join(root, baselineFile);
  const results = await inTurns(rounds, {
    command: (round) =>
      runNode([tool, "tenants", "add", `${where}_command_${round}`], { cwd: root, metered: false }),
    floor: (round) => {
      const options = { url, tenants: [`${where}_floor_${round}`], connections: 1, file };
      return runNode([loops, "baseline", JSON.stringify(options)], { metered: false });
    },
  });
  const [command, floor] = ["command", "floor"].map((name) => spreadOf(results[name], "elapsedMs"));
  return [
    withSpread(command, milliseconds),
    withSpread(floor, milliseconds),
    times(command.median / floor.median),
  ];
}

const baselineFile = "baseline.json";

/** Writes the statements of the baseline, each as the pieces around the gaps for the schema's name. */
async function writeBaseline(root, url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT content FROM drizzle_fleet.baselines");
  await client.end();
  if (rows.length !== 1 || rows[0].content.statements === undefined)
    throw new Error(`there is no baseline: ${JSON.stringify(rows[0]?.content)}`);
  await writeFile(join(root, baselineFile), JSON.stringify(rows[0].content.statements));
}

/** All ways must create the same tenant. */
async function refuseDifference(url) {
  const session = await Session.connect({ name: "main", url }, { waitMs: 5_000 });
  const facts = async (schema) => {
    const { tables } = await dumpStructure(session, schema);
    const contents = await dumpContent(session, schema, tables, { maxRows: 10_000 });
    const rows = contents.map(({ table, rows: own }) => `${table.name}: ${own.length} rows`);
    return JSON.stringify([await catalogOf(session, schema), rows.sort()]);
  };
  const replayed = await facts(schemaOf("local_replay_0"));
  for (const way of ["baseline", "command", "floor"])
    if ((await facts(schemaOf(`local_${way}_0`))) !== replayed)
      throw new Error(`"${way}" creates another tenant than the migrations`);
  await session.close();
}

function fleetAt(url) {
  return {
    databases: { main: { url } },
    services: {
      app: {
        ...{ schema: "s", out: "./drizzle/app", database: "main" },
        tenantSchema: schemaOf("{tenant}"),
      },
    },
  };
}

function contextFor(root, url) {
  return {
    config: { fleet: parseFleet(fleetAt(url)), root, file: join(root, "drizzle.config.ts") },
    environment: {},
    notify: () => undefined,
  };
}

/**
 * Every tenth migration creates a table. The others do what happens over the years: they add, change, rename and drop
 * columns, create indexes and keys, backfill rows, and replace a trigger's function.
 */
async function writeHistory(root, count) {
  const folder = join(root, "drizzle/app");
  await mkdir(join(folder, "meta"), { recursive: true });
  const entries = [];
  for (let idx = 0; idx < count; idx += 1) {
    const tag = `${String(idx).padStart(4, "0")}_step`;
    await writeFile(join(folder, `${tag}.sql`), migration(idx));
    entries.push({ idx, version: "7", when: 1_700_000_000_000 + idx, tag, breakpoints: true });
  }
  const journal = { version: "7", dialect: "postgresql", entries };
  await writeFile(join(folder, "meta/_journal.json"), JSON.stringify(journal));
}

function migration(idx) {
  const name = `t${Math.floor(idx / 10)}`;
  const touch = (
    value,
  ) => `CREATE OR REPLACE FUNCTION "public"."${name}_touch"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN new."remark" := '${value}'; RETURN new; END $$;`;
  return [
    `CREATE TABLE "${name}" ("id" serial PRIMARY KEY, "name" text NOT NULL, "made" timestamptz DEFAULT now());`,
    `ALTER TABLE "${name}" ADD COLUMN "note" varchar(40);\nCREATE INDEX "${name}_note" ON "${name}" ("note");`,
    `INSERT INTO "${name}" ("name") VALUES ('one'), ('two');`,
    `ALTER TABLE "${name}" RENAME COLUMN "note" TO "remark";`,
    `ALTER TABLE "${name}" ALTER COLUMN "remark" SET DATA TYPE text;\nUPDATE "${name}" SET "remark" = 'none';`,
    `${touch("touched")}\nCREATE TRIGGER "${name}_touch" BEFORE UPDATE ON "${name}" FOR EACH ROW EXECUTE FUNCTION "public"."${name}_touch"();`,
    `ALTER TABLE "${name}" ADD COLUMN "parent" integer REFERENCES "${name}" ("id");`,
    `DROP INDEX "${name}_note";\nCREATE INDEX "${name}_remark" ON "${name}" ("remark", "made");`,
    `ALTER TABLE "${name}" ADD COLUMN "old" integer DEFAULT 0 NOT NULL;\n${touch("touched again")}`,
    `ALTER TABLE "${name}" DROP COLUMN "old";\nALTER TABLE "${name}" ALTER COLUMN "remark" SET NOT NULL;`,
  ][idx % 10];
}

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { catalogOf } from "../../dist/catalog/facts.js";
import { parseFleet } from "../../dist/config/schema.js";
import { dumpContent } from "../../dist/dump/rows/content.js";
import { dumpStructure } from "../../dist/dump/structure.js";
import { addTenant } from "../../dist/operations/add-tenant.js";
import { Session } from "../../dist/postgres/session.js";
import { spreadOf } from "./measure.mjs";
import { milliseconds, times, withSpread } from "./table.mjs";

/** Creates tenants from a baseline and by replaying 200 migrations, on a local server and with 1 ms each way. */
export async function onboardingRows(place, rounds) {
  const root = join(place.folder, "onboarding");
  await writeHistory(root, 200);
  const database = await place.database();
  // Creates the baseline.
  await addTenant(contextFor(root, database.url), { tenant: "first" });
  const rows = [];
  for (const [where, url] of [
    ["local", database.url],
    ["slow", database.delayed],
  ])
    rows.push(await compared(where, contextFor(root, url), rounds));
  await refuseDifference(database.url);
  await database.drop();
  return rows;
}

async function compared(where, context, rounds) {
  const results = { baseline: [], replay: [] };
  for (let round = 0; round < rounds; round += 1)
    for (const kind of ["replay", "baseline"]) {
      const startedAt = performance.now();
      await addTenant(context, { tenant: `${where}_${kind}_${round}`, replay: kind === "replay" });
      results[kind].push({ elapsedMs: performance.now() - startedAt });
    }
  const [baseline, replay] = ["baseline", "replay"].map((kind) =>
    spreadOf(results[kind], "elapsedMs"),
  );
  return [
    `a tenant with 200 migrations, 20 tables${where === "slow" ? ", 1 ms each way" : ""}`,
    withSpread(baseline, milliseconds),
    withSpread(replay, milliseconds),
    times(replay.median / baseline.median),
  ];
}

/** Both ways must create the same tenant. */
async function refuseDifference(url) {
  const session = await Session.connect({ name: "main", url }, { waitMs: 5_000 });
  const facts = async (schema) => {
    const { tables } = await dumpStructure(session, schema);
    const contents = await dumpContent(session, schema, tables, { maxRows: 10_000 });
    const rows = contents.map(({ table, rows: own }) => `${table.name}: ${own.length} rows`);
    return JSON.stringify([await catalogOf(session, schema), rows.sort()]);
  };
  const [replayed, created] = [
    await facts("app_local_replay_0"),
    await facts("app_local_baseline_0"),
  ];
  await session.close();
  if (replayed !== created) throw new Error("the baseline creates another tenant than its history");
}

function contextFor(root, url) {
  const fleet = parseFleet({
    databases: { main: { url } },
    services: {
      app: { schema: "s", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" },
    },
  });
  return {
    config: { fleet, root, file: join(root, "drizzle.config.ts") },
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

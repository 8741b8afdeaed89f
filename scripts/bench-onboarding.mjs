// Prints how long it takes to create a tenant from the baseline of its service, compared with replaying a history of 200
// migrations: with a local server, and with 1 ms of delay each way. Starts its own embedded PostgreSQL.
// Needs dist/ (npm run build). Usage: node scripts/bench-onboarding.mjs
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalogOf } from "../dist/catalog/facts.js";
import { parseFleet } from "../dist/config/schema.js";
import { acquireEmbedded } from "../dist/dev/embedded.js";
import { dumpContent } from "../dist/dump/rows/content.js";
import { dumpStructure } from "../dist/dump/structure.js";
import { addTenant } from "../dist/operations/add-tenant.js";
import { Session } from "../dist/postgres/session.js";
import { startDelay } from "./delay.mjs";

const rounds = 5;
const root = await mkdtemp(join(tmpdir(), "drizzle-fleet-bench-"));
const server = await acquireEmbedded(
  { root: process.cwd(), folder: join(root, "server"), port: 54_377 },
  ["bench"],
);
const slow = await startDelay(server.port, 1);
try {
  await writeHistory(200);
  const first = performance.now();
  await addTenant(contextFor(server.port), { tenant: "first" });
  console.log(`first tenant, by replaying, with the baseline created: ${since(first)} ms`);
  await compareTimes("local server", contextFor(server.port), "fast");
  await compareTimes("1 ms each way", contextFor(slow.port), "slow");
  await compare();
} finally {
  slow.close();
  await server.release();
  await rm(root, { recursive: true, force: true });
}

function contextFor(port) {
  const url = new URL(server.addressOf("bench").url);
  url.port = String(port);
  return {
    config: { fleet: fleet(url.href), root, file: join(root, "x.ts") },
    environment: {},
    notify: (line) => console.log(line),
  };
}

async function compareTimes(where, context, prefix) {
  const times = { baseline: [], replay: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, replay] of [
      ["replay", true],
      ["baseline", false],
    ]) {
      const startedAt = performance.now();
      await addTenant(context, { tenant: `${prefix}_${kind}_${round}`, replay });
      times[kind].push(since(startedAt));
    }
  }
  for (const [kind, all] of Object.entries(times))
    console.log(`${where}, ${kind}: ${median(all)} ms (${all.join(", ")})`);
  console.log(`${where}, ratio: ${(median(times.replay) / median(times.baseline)).toFixed(1)}`);
}

async function compare() {
  const session = await Session.connect(server.addressOf("bench"), { waitMs: 5_000 });
  const facts = async (schema) => {
    const { tables } = await dumpStructure(session, schema);
    const contents = await dumpContent(session, schema, tables, { maxRows: 10_000 });
    const rows = contents.map(({ table, rows: own }) => `${table.name}: ${own.length} rows`);
    return JSON.stringify([await catalogOf(session, schema), rows.sort()]);
  };
  const same = (await facts("app_fast_replay_0")) === (await facts("app_fast_baseline_0"));
  await session.close();
  console.log(`catalogs and rows are equal: ${same}`);
  if (!same) process.exitCode = 1;
}

function fleet(url) {
  return parseFleet({
    databases: { main: { url } },
    services: {
      app: { schema: "s", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" },
    },
  });
}

/**
 * Every tenth migration creates a table. The others do what happens over the years: they add, change, rename and drop
 * columns, create indexes and keys, backfill rows, and replace a trigger's function.
 */
async function writeHistory(count) {
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

function since(startedAt) {
  return Math.round(performance.now() - startedAt);
}

function median(all) {
  return [...all].sort((one, other) => one - other)[Math.floor(all.length / 2)];
}

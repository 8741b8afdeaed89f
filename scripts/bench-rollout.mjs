// Prints how fast a fleet is migrated, compared with a loop that sends one statement at a time over the same number of
// connections, and how long it takes to find nothing to do, compared with asking every tenant: with a local server, and
// with 1 ms of delay each way. Starts its own embedded PostgreSQL. Needs dist/ (npm run build).
// Usage: node scripts/bench-rollout.mjs
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { parseFleet } from "../dist/config/schema.js";
import { acquireEmbedded } from "../dist/dev/embedded.js";
import { migrate } from "../dist/operations/migrate.js";
import { startDelay } from "./delay.mjs";

const tenants = Array.from({ length: 1_000 }, (_, index) => `t${index}`);
const connections = 4;
const first = { "0000_users": 'CREATE TABLE "users" ("id" serial PRIMARY KEY, "name" text);' };
const next = {
  "0001_email":
    'ALTER TABLE "users" ADD COLUMN "email" text;\n--> statement-breakpoint\nCREATE INDEX "users_email" ON "users" ("email");',
};

const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-bench-"));
const root = fileURLToPath(new URL("..", import.meta.url));
const server = await acquireEmbedded({ root, folder, port: 54_398 }, ["ours", "theirs"]);
const slow = await startDelay(server.port, 1);

try {
  for (const [name, port] of [
    ["no latency", server.port],
    ["1 ms each way", slow.port],
  ]) {
    const url = (database) => {
      const address = new URL(server.addressOf(database).url);
      address.port = String(port);
      return address.href;
    };
    const prefix = port === server.port ? "fast" : "slow";
    await writeHistory(first);
    await ours(url("ours"), prefix);
    await prepareTheirs(url("theirs"), prefix);
    await writeHistory({ ...first, ...next });
    const own = await timed(() => ours(url("ours"), prefix));
    const plain = await timed(() => oneByOne(url("theirs"), prefix));
    const idle = await timed(() => ours(url("ours"), prefix));
    const asking = await timed(() => askEach(url("theirs"), prefix));
    console.log(
      `${tenants.length} tenants, a column and an index, ${connections} connections, ${name}:`,
    );
    console.log(`  statement by statement ${rate(plain)}`);
    console.log(`  drizzle-fleet          ${rate(own)}, ${(plain / own).toFixed(2)} times as fast`);
    console.log(
      `  nothing to do          ${idle.toFixed(0)} ms, asking every tenant ${asking.toFixed(0)} ms`,
    );
  }
} finally {
  slow.close();
  await server.release();
  await rm(folder, { recursive: true });
}

function rate(milliseconds) {
  return `${((tenants.length / milliseconds) * 1_000).toFixed(0)} tenants/s`;
}

async function timed(run) {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

async function writeHistory(files) {
  const meta = join(folder, "drizzle/meta");
  await mkdir(meta, { recursive: true });
  const entries = Object.keys(files).map((tag, idx) => ({
    idx,
    version: "7",
    when: idx,
    tag,
    breakpoints: true,
  }));
  await writeFile(
    join(meta, "_journal.json"),
    JSON.stringify({ version: "7", dialect: "postgresql", entries }),
  );
  for (const [tag, sql] of Object.entries(files))
    await writeFile(join(folder, `drizzle/${tag}.sql`), sql);
}

async function ours(url, prefix) {
  const fleet = parseFleet({
    databases: { main: { url } },
    services: {
      app: { schema: "s", out: "drizzle", database: "main", tenantSchema: `${prefix}_{tenant}` },
    },
    tenants,
    concurrency: connections,
  });
  const context = {
    config: { fleet, root: folder, file: "" },
    environment: {},
    notify: console.error,
  };
  const all = { services: [], tenants: [], databases: [] };
  const { outcomes } = await migrate(context, all, () => undefined);
  if (outcomes.some(({ status }) => status === "failed")) throw new Error("a target failed");
}

function schemasOf(prefix) {
  return tenants.map((tenant) => `${prefix}_${tenant}`);
}

async function prepareTheirs(url, prefix) {
  await inParallel(url, schemasOf(prefix), (client, schema) =>
    client.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.migrations (tag text PRIMARY KEY);
      CREATE TABLE ${schema}.users (id serial PRIMARY KEY, name text)`),
  );
}

/** A careful loop: one transaction per tenant, one round trip per statement. */
async function oneByOne(url, prefix) {
  await inParallel(url, schemasOf(prefix), async (client, schema) => {
    await client.query("BEGIN");
    await client.query(`SET LOCAL search_path = ${schema}`);
    await client.query("SELECT tag FROM migrations");
    for (const statement of next["0001_email"].split("--> statement-breakpoint"))
      await client.query(statement);
    await client.query("INSERT INTO migrations VALUES ($1)", ["0001_email"]);
    await client.query("COMMIT");
  });
}

async function askEach(url, prefix) {
  await inParallel(url, schemasOf(prefix), (client, schema) =>
    client.query(`SELECT tag FROM ${schema}.migrations`),
  );
}

async function inParallel(url, items, use) {
  const queue = [...items];
  const work = async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await use(client, item);
    await client.end();
  };
  await Promise.all(Array.from({ length: connections }, work));
}

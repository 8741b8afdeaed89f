// What drizzle-fleet is compared with: loops over the same tenants and connections, without any check.
// Usage: node scripts/bench/loops.mjs <way> <options as JSON>, where the ways are those below.
import { readFileSync } from "node:fs";
import pg from "pg";
import { schemaOf, tenantsUpTo } from "./fleets.mjs";

const [way = "", options = "{}"] = process.argv.slice(2);
const { url, count, connections, ...more } = JSON.parse(options);
const { statements = [], tag, depth = 4, folder, create, file, tenants } = more;

/** A careful loop by hand: one transaction per tenant, and one round trip per statement. */
async function byStatement(client, schema) {
  await client.query("BEGIN");
  await client.query(`SET LOCAL search_path = ${schema}`);
  await client.query("SELECT tag FROM entries");
  for (const statement of statements) await client.query(statement);
  await client.query("INSERT INTO entries VALUES ($1)", [tag]);
  await client.query("COMMIT");
}

/** With `create`, for a first migration: the message also creates the schema, and the table of what was applied. */
function messageFor(schema) {
  const created = [
    `CREATE SCHEMA ${schema}`,
    `CREATE TABLE ${schema}.entries (tag text PRIMARY KEY)`,
  ];
  return [
    ...["BEGIN", "SET LOCAL synchronous_commit = off"],
    ...(create ? created : []),
    ...[`SET LOCAL search_path = ${schema}`, ...statements],
    ...[`INSERT INTO entries VALUES ('${tag}')`, "COMMIT"],
  ].join(";\n");
}

/** The limit: one message per tenant, several of them under way on each connection, nothing checked. */
function inPipeline(client, queue) {
  const { connection } = client;
  // The client itself expects one message at a time.
  for (const event of [
    "commandComplete",
    "readyForQuery",
    "errorMessage",
    "rowDescription",
    "dataRow",
  ])
    connection.removeAllListeners(event);
  return new Promise((resolve, reject) => {
    let underWay = 0;
    const send = () => {
      const schema = queue.pop();
      if (schema === undefined) return;
      underWay += 1;
      connection.query(messageFor(schema));
    };
    connection.on("errorMessage", reject);
    connection.on("readyForQuery", () => {
      underWay -= 1;
      send();
      if (underWay === 0) resolve();
    });
    for (let sent = 0; sent < depth; sent += 1) send();
    if (underWay === 0) resolve();
  });
}

const each = (use) => async (client, queue) => {
  for (let schema = queue.pop(); schema !== undefined; schema = queue.pop())
    await use(client, schema);
};

const ways = {
  pipeline: inPipeline,
  message: each((client, schema) => client.query(messageFor(schema))),
  statements: each(byStatement),
  /** drizzle-orm's own migrator, with a migrations table in each schema. It creates both. */
  migrator: async (client, queue) => {
    const [{ drizzle }, { migrate }] = await Promise.all([
      import("drizzle-orm/node-postgres"),
      import("drizzle-orm/node-postgres/migrator"),
    ]);
    const database = drizzle(client);
    for (let schema = queue.pop(); schema !== undefined; schema = queue.pop()) {
      await client.query(`SET search_path = ${schema}`);
      await migrate(database, { migrationsFolder: folder, migrationsSchema: schema });
    }
  },
  /** Creates empty schemas, for a tool that does not. */
  schemas: each((client, schema) => client.query(`CREATE SCHEMA ${schema}`)),
  /** The floor of onboarding: the statements of a baseline in one message. The file has them with gaps for the schema. */
  baseline: each((client, schema) => {
    const templates = JSON.parse(readFileSync(file, "utf8"));
    const filled = templates.map((pieces) => pieces.join(`"${schema}"`));
    const settings = [`SET LOCAL search_path = ${schema}`, "SET LOCAL check_function_bodies = off"];
    const all = ["BEGIN", `CREATE SCHEMA ${schema}`, ...settings, ...filled, "COMMIT"];
    return client.query(all.join(";\n"));
  }),
  /** Reads every ledger, 200 in a query: what finding nothing to do costs if each one is read. */
  ledgers: async (client, queue) => {
    while (queue.length > 0) {
      const some = queue.splice(-200);
      const read = (schema) => `SELECT count(*) FROM ${schema}.__fleet_ledger`;
      await client.query(some.map(read).join(" UNION ALL "));
    }
  },
};

const run = ways[way];
if (run === undefined) throw new Error(`no way is called "${way}"`);
const queue = (tenants ?? tenantsUpTo(count)).map(schemaOf);
await Promise.all(
  Array.from({ length: connections }, async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await run(client, queue);
    await client.end();
  }),
);

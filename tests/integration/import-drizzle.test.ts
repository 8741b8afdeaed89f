import { createHash } from "node:crypto";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { describe, expect, test } from "vitest";
import { type Plan, targetsOf } from "../../src/core/plan.ts";
import { type DrizzleSource, defaultSource } from "../../src/fleet/import-drizzle.ts";
import { readDrizzleTables } from "../../src/ledger/drizzle-table.ts";
import { planStamp, stamp } from "../../src/operations/stamp.ts";
import { status } from "../../src/operations/status.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createDatabase, createRole, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";

const all = { services: [], tenants: [], databases: [] };
const migrations = {
  "0000_a": `CREATE TABLE "a" ();`,
  "0001_b": `CREATE TABLE "b" ();\n--> statement-breakpoint\nCREATE TABLE "bb" ();`,
};

/** A project and an empty database with the schemas of its tenants. */
async function project(tenants: string[], files: Files = history("drizzle/app", migrations)) {
  const database = await createDatabase();
  for (const tenant of tenants) await database.query(`CREATE SCHEMA app_${tenant}`);
  const root = await createFolder(files);
  const context = contextFor(root, appFleet(database.url, tenants));
  return { database, root, context };
}

/** Migrates a tenant schema as its project did before: with drizzle-orm's own migrator. */
async function migrateByDrizzle(
  database: TestDatabase,
  root: string,
  schema: string,
  config: { migrationsSchema?: string; migrationsTable?: string } = {},
): Promise<void> {
  const client = await database.connect();
  await client.query(`SET search_path = ${schema}`);
  await migrate(drizzle(client), { migrationsFolder: join(root, "drizzle/app"), ...config });
}

function importAll(
  context: Parameters<typeof stamp>[0],
  source: Partial<DrizzleSource> = {},
): ReturnType<typeof stamp> {
  const request = { ...all, goal: { drizzle: { ...defaultSource, ...source } } };
  return stamp(
    context,
    request,
    async () => true,
    () => undefined,
  );
}

async function problemsOf(context: Parameters<typeof stamp>[0]) {
  const plan: Plan = await planStamp(context, { ...all, goal: { drizzle: defaultSource } });
  return Object.fromEntries(
    targetsOf(plan).map(({ target, problems }) => [
      target.tenant,
      problems.map(({ kind, tag, message }) => [kind, tag, message]),
    ]),
  );
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** The table as drizzle-orm 1.0 creates it. */
const newTable = (schema: string) => `CREATE TABLE ${schema}.__drizzle_migrations (
  id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, applied_at timestamptz DEFAULT now())`;

describe("stamp --from-drizzle", () => {
  test("records what drizzle-orm 0.45 applied, from the tenant schema or from the schema drizzle", async () => {
    const { database, root, context } = await project(["x", "y"]);
    await migrateByDrizzle(database, root, "app_x", { migrationsSchema: "app_x" });
    await migrateByDrizzle(database, root, "app_y");
    expect(byTenant(await importAll(context))).toEqual({
      x: "succeeded 0001_b",
      y: "succeeded 0001_b",
    });
    expect(await status(context, all)).toMatchObject([
      { current: "0001_b", pending: 0, problems: [] },
      { current: "0001_b", pending: 0, problems: [] },
    ]);
    expect(byTenant(await importAll(context))).toEqual({ x: "skipped", y: "skipped" });
    expect(byTenant(await migrateAll(context))).toEqual({ x: "skipped", y: "skipped" });
    await writeFiles(
      root,
      history("drizzle/app", { ...migrations, "0002_c": `CREATE TABLE "c" ();` }),
    );
    expect(byTenant(await migrateAll(context))).toEqual({
      x: "succeeded 0002_c",
      y: "succeeded 0002_c",
    });
    expect(byTenant(await importAll(context))).toEqual({ x: "failed", y: "failed" });
    expect((await problemsOf(context)).x).toMatchObject([
      ["notImported", "0002_c", expect.stringContaining("the ledger has 0002_c")],
    ]);
    expect(byTenant(await migrateAll(context))).toEqual({ x: "skipped", y: "skipped" });
  });

  test("records less for a tenant that is behind, and reads its own table before the shared one", async () => {
    const { database, root, context } = await project(["x", "y"]);
    await migrateByDrizzle(database, root, "app_x", { migrationsSchema: "app_x" });
    await migrateByDrizzle(database, root, "app_y");
    await database.query(`DELETE FROM app_x.__drizzle_migrations WHERE id = 2`);
    await database.query(`DROP TABLE app_x.b, app_x.bb`);
    await importAll(context);
    expect(await status(context, all)).toMatchObject([
      { current: "0000_a", pending: 1 },
      { current: "0001_b", pending: 0 },
    ]);
    expect(byTenant(await migrateAll(context))).toEqual({ x: "succeeded 0001_b", y: "skipped" });
  });

  test("reports an edited file, a row without a migration, a missing table and a missing schema for each target", async () => {
    const { database, root, context } = await project(["edited", "strange", "bare", "fine"]);
    const fleet = appFleet(database.url, ["edited", "strange", "bare", "fine", "new"]);
    const wider = contextFor(root, fleet);
    for (const tenant of ["edited", "strange", "fine"])
      await migrateByDrizzle(database, root, `app_${tenant}`, {
        migrationsSchema: `app_${tenant}`,
      });
    await database.query(
      `UPDATE app_edited.__drizzle_migrations SET hash = 'aaaabbbbccccdddd' WHERE id = 2;
       INSERT INTO app_strange.__drizzle_migrations (hash, created_at) VALUES ('ffffeeeeddddcccc', 1600000000000);
       ALTER TABLE app_strange.__drizzle_migrations ALTER hash DROP NOT NULL;
       INSERT INTO app_strange.__drizzle_migrations (hash) VALUES (NULL)`,
    );
    expect(await problemsOf(wider)).toEqual({
      edited: [
        [
          "notImported",
          "0001_b",
          expect.stringMatching(/0001_b was applied with text that differs from .*0001_b\.sql/),
        ],
      ],
      strange: [
        [
          "notImported",
          undefined,
          "an applied migration is not on disk (row 3, hash ffffeeeedddd..., generated at 2020-09-13T12:26:40.000Z)",
        ],
        ["notImported", undefined, expect.stringContaining("not on disk (row 4)")],
      ],
      bare: [
        [
          "notImported",
          undefined,
          'neither the tenant schema nor schema "drizzle" has a table "__drizzle_migrations" of applied migrations',
        ],
      ],
      fine: [],
      new: [["noSchema", undefined, expect.stringContaining("does not exist")]],
    });
    expect(byTenant(await importAll(context))).toEqual({
      edited: "failed",
      strange: "failed",
      bare: "failed",
      fine: "succeeded 0001_b",
    });
    expect(
      await database.query(`SELECT to_regclass('app_edited.__fleet_ledger') AS ledger`),
    ).toEqual([{ ledger: null }]);
  });

  test("does not apply the shared table to an empty schema", async () => {
    const { database, root, context } = await project(["x", "y"]);
    await migrateByDrizzle(database, root, "app_x");
    expect(await problemsOf(context)).toMatchObject({
      x: [],
      y: [["notImported", undefined, expect.stringContaining("the tenant schema is empty")]],
    });
    expect(byTenant(await migrateAll(context, { tenants: ["y"] }))).toEqual({
      y: "succeeded 0000_a,0001_b",
    });
  });

  test("leaves a gap for a late migration that drizzle-orm skipped, which status names", async () => {
    const journal = (...entries: [tag: string, when: number][]) => ({
      "drizzle/app/meta/_journal.json": JSON.stringify({
        version: "7",
        dialect: "postgresql",
        entries: entries.map(([tag, when], idx) => ({
          ...{ idx, version: "7", when, tag, breakpoints: true },
        })),
      }),
    });
    const { database, root, context } = await project(["x"]);
    await writeFiles(root, journal(["0000_a", 1_000], ["0001_b", 3_000]));
    await migrateByDrizzle(database, root, "app_x");
    await writeFiles(root, {
      "drizzle/app/0001_late.sql": `CREATE TABLE "late" ();`,
      ...journal(["0000_a", 1_000], ["0001_late", 2_000], ["0001_b", 3_000]),
    });
    await migrateByDrizzle(database, root, "app_x");
    expect(byTenant(await importAll(context))).toEqual({ x: "succeeded 0001_b" });
    expect(
      await database.query(`SELECT tag FROM app_x.__fleet_ledger ORDER BY tag COLLATE "C"`),
    ).toEqual([{ tag: "0000_a" }, { tag: "0001_b" }]);
    expect(await status(context, all)).toMatchObject([
      { problems: [{ kind: "outOfOrder", tag: "0001_late" }] },
    ]);
    const late = await migrateAll(context, { allowOutOfOrder: true });
    expect(byTenant(late)).toEqual({ x: "succeeded 0001_late" });
  });

  test("matches rows of drizzle-orm 1.0 by name, and upgraded ones by hash and by time to the second", async () => {
    const empty = "-- Custom SQL migration file, put your code below! --\n";
    const texts: Record<string, string> = {
      "20231114221320_a": `CREATE TABLE "a" ();`,
      "20231114221321_empty": empty,
      "20231114221322_empty": empty,
      "20231114221323_b": `CREATE TABLE "b" ();`,
    };
    const files = Object.fromEntries(
      Object.entries(texts).map(([tag, text]) => [`drizzle/app/${tag}/migration.sql`, text]),
    );
    const { database, context } = await project(["x", "y", "z"], files);
    const start = Date.UTC(2023, 10, 14, 22, 13, 20);
    const insert = (
      schema: string,
      tag: string,
      createdAt: number,
      hash = hashOf(texts[tag] ?? ""),
    ) =>
      database.query(
        `INSERT INTO ${schema}.__drizzle_migrations (hash, created_at, name) VALUES ($1, $2, $3)`,
        [hash, createdAt, schema === "app_y" ? null : tag],
      );
    for (const schema of ["app_x", "app_y", "app_z"]) await database.query(newTable(schema));
    for (const [index, tag] of Object.keys(texts).entries())
      await insert("app_x", tag, start + index * 1_000);
    // Rows without names, as an upgrade leaves those that it cannot match. Two of the files have the same text.
    await insert("app_y", "20231114221320_a", start + 123);
    await insert("app_y", "20231114221322_empty", start + 2_456);
    await insert("app_z", "20231114221320_a", start, "0000111122223333");
    expect(await problemsOf(context)).toMatchObject({
      x: [],
      y: [],
      z: [
        ["notImported", "20231114221320_a", expect.stringContaining("with text that differs from")],
      ],
    });
    await importAll(context);
    const tags = (schema: string) =>
      database.query(`SELECT array_agg(tag ORDER BY tag) AS tags FROM ${schema}.__fleet_ledger`);
    expect(await tags("app_x")).toEqual([{ tags: Object.keys(texts) }]);
    expect(await tags("app_y")).toEqual([{ tags: ["20231114221320_a", "20231114221322_empty"] }]);
  });

  test("reads another table and schema, also one per tenant", async () => {
    const { database, root, context } = await project(["x", "y"]);
    for (const tenant of ["x", "y"])
      await migrateByDrizzle(database, root, `app_${tenant}`, {
        migrationsSchema: `Kept ${tenant}`,
        migrationsTable: "it's mine",
      });
    const source = { table: "it's mine", schema: "Kept {tenant}" };
    expect(byTenant(await importAll(context))).toEqual({ x: "failed", y: "failed" });
    expect(byTenant(await importAll(context, source))).toEqual({
      x: "succeeded 0001_b",
      y: "succeeded 0001_b",
    });
  });

  test("is not delayed by another tenant's table that is locked or cannot be read", async () => {
    const { database, root, context } = await project(["x", "y", "z"]);
    for (const tenant of ["x", "y", "z"])
      await migrateByDrizzle(database, root, `app_${tenant}`, {
        migrationsSchema: `app_${tenant}`,
      });
    const { role, url } = await createRole(database);
    await database.query(
      `GRANT USAGE ON SCHEMA app_x, app_y, app_z TO ${role};
       GRANT SELECT ON app_x.__drizzle_migrations, app_y.__drizzle_migrations TO ${role}`,
    );
    const other = contextFor(context.config.root, appFleet(url, ["x", "y", "z"]));
    const blocker = await database.connect();
    await blocker.query(`BEGIN; LOCK TABLE app_y.__drizzle_migrations`);
    expect(await problemsOf(other)).toMatchObject({
      x: [],
      y: [["locked", undefined, expect.any(String)]],
      z: [["unreadable", undefined, expect.any(String)]],
    });
    await blocker.query("ROLLBACK");
  });

  test("reads many tables in a few queries, and identical rows once", async () => {
    const database = await createDatabase();
    const schemas = Array.from({ length: 450 }, (_, index) => `t${index}`);
    for (const [index, schema] of schemas.entries()) {
      await database.query(`CREATE SCHEMA ${schema}`);
      if (index % 3 > 0)
        await database.query(
          `${newTable(schema)};
           INSERT INTO ${schema}.__drizzle_migrations (id, hash, created_at) VALUES (${index}, 'h${index % 3}', 5)`,
        );
    }
    let queries = 0;
    const states = await withSession(
      { name: "main", url: database.url },
      { waitMs: 0 },
      (session) => {
        const counting = {
          query: (...args: Parameters<typeof session.query>) => {
            queries += 1;
            return session.query(...args);
          },
          script: (sql: string) => session.script(sql),
        };
        return readDrizzleTables(
          counting as unknown as typeof session,
          schemas.map((schema) => ({ schema, table: "__drizzle_migrations" })),
        );
      },
    );
    expect(queries).toBeLessThanOrEqual(4);
    const stateOf = (schema: string) => states.get(`"${schema}"."__drizzle_migrations"`);
    expect(stateOf("t0")).toBeUndefined();
    expect(stateOf("t4")).toEqual({
      kind: "table",
      rows: [{ hash: "h1", createdAt: 5, name: undefined }],
    });
    expect(stateOf("t449")).toEqual(stateOf("t2"));
  });
});

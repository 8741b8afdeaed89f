import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { check } from "../../src/operations/check.ts";
import { generate } from "../../src/operations/generate.ts";
import { generateDowns } from "../../src/operations/generate-downs.ts";
import { proveAndRecord } from "../../src/operations/generate-prove.ts";
import { proveHistories } from "../../src/proof/prove-services.ts";
import { createProject, type Installed } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, contextFor, downgradeAll, history, migrateAll } from "../support/fleet.ts";

const imports = `import { sql } from "drizzle-orm";
import { boolean, integer, pgEnum, pgPolicy, pgTable, serial, text, unique, uuid } from "drizzle-orm/pg-core";
`;

/** A project with one service. Each `write` replaces its Drizzle schema. */
async function createLoop(installed: Installed = "journal", tenants: readonly string[] = ["a"]) {
  const database = await createDatabase();
  const folder = await createProject({ "schema/tables.ts": "export {};\n" }, installed);
  const context = contextFor(folder, appFleet(database.url, [...tenants]));
  const write = async (name: string, schema: string) => {
    await writeFile(join(folder, "schema/tables.ts"), `${imports}${schema}\n`);
    const [generated] = await generate(context, { services: [], name });
    if (generated?.migration === undefined) throw new Error("no migration");
    return generated.migration;
  };
  return { database, folder, context, write };
}

const t = (columns: string, more = "") =>
  `export const t = pgTable("t", { id: integer("id").primaryKey()${columns} }${more});`;

describe.each<Installed>(["journal", "folders"])("in the layout %s", (installed) => {
  test("restores a dropped NOT NULL column in tenants with rows", async () => {
    const { database, context, write } = await createLoop(installed);
    await write("one", t(`, n: text("n").notNull()`));
    const two = await write("two", t(""));
    await migrateAll(context);
    await database.query(`INSERT INTO app_a.t VALUES (1)`);
    const { outcomes } = await downgradeAll(context, { count: 1 }, { allowDataLoss: true });
    expect(outcomes).toMatchObject([{ status: "succeeded" }]);
    expect(await database.query(`SELECT * FROM app_a.t`)).toEqual([{ id: 1, n: "" }]);
    expect(two).toMatchObject({ unfinished: false, unproved: undefined });
    expect(await proveHistories(context, [], database.url)).toEqual([]);
  });

  test("marks a new NOT NULL column without a default as depending on rows, in the output and the file", async () => {
    const { context, write } = await createLoop(installed);
    await write("one", t(""));
    const two = await write("two", t(`, n: text("n").notNull()`));
    expect(two.notes.join()).toMatch(/depends on the tenants' rows: column "n" of relation "t"/);
    expect(two.sql).toMatch(/^-- drizzle-fleet: depends-on-rows column "n" of relation "t"/);
    expect(await check(context, [])).toEqual([]);
  });

  test("continues above the existing keys when a key becomes an identity", async () => {
    const { database, context, write } = await createLoop(installed);
    await write("one", t(""));
    await migrateAll(context);
    await database.query(`INSERT INTO app_a.t VALUES (41)`);
    const two = `export const t = pgTable("t", { id: integer("id").primaryKey().generatedByDefaultAsIdentity() });`;
    expect((await write("two", two)).sql).toMatch(/setval\('"t_id_seq"'/);
    await migrateAll(context);
    const made = await database.query(`INSERT INTO app_a.t DEFAULT VALUES RETURNING id`);
    expect(made).toEqual([{ id: 42 }]);
  });

  test("turns a serial into an identity and back into a serial", async () => {
    const { database, context, write } = await createLoop(installed);
    await write("one", `export const t = pgTable("t", { id: serial("id").primaryKey() });`);
    const two = `export const t = pgTable("t", { id: integer("id").primaryKey().generatedByDefaultAsIdentity() });`;
    const made = await write("two", two);
    expect(made).toMatchObject({ unfinished: false, notes: [] });
    expect(await proveHistories(context, [], database.url)).toEqual([]);
  });

  test("casts types explicitly if there is no implicit cast, up and down", async () => {
    const { context, write } = await createLoop(installed);
    await write("one", t(`, ref: uuid("ref")`));
    const two = await write("two", t(`, ref: text("ref")`));
    expect(two.down).toMatch(/USING "ref"::uuid/);
    expect(await check(context, [])).toEqual([]);
  });

  test("marks a migration that cannot be made to run as unfinished, and every verb refuses it", async () => {
    const { context, write } = await createLoop(installed);
    await write("one", t(`, a: text("a")`));
    // The default calls a function that no migration creates.
    const two = await write("two", t(`, a: text("a").default(sql\`no_such_function()\`)`));
    expect(two).toMatchObject({ unfinished: true });
    expect(two.sql).toMatch(/^-- drizzle-fleet: unfinished function no_such_function\(\) does not/);
    const messages = (await check(context, [])).map(({ problem }) => problem.message);
    expect(messages.join()).toMatch(/unfinished: function no_such_function\(\)/);
    await expect(migrateAll(context)).rejects.toThrow(/is unfinished/);
  });

  test("drops a policy before a column that it uses", async () => {
    const { context, write } = await createLoop(installed);
    const policy = (using: string) => `, () => [pgPolicy("see", { using: sql\`${using}\` })]`;
    await write("one", t(`, gone: boolean("gone")`, policy("gone is null")));
    const two = await write("two", t("", policy("id > 0")));
    expect(two.sql.indexOf("POLICY")).toBeLessThan(two.sql.indexOf("DROP COLUMN"));
    expect(await check(context, [])).toEqual([]);
  });
});

test("check names a hand-written migration until it is proved", async () => {
  const { folder, database, context, write } = await createLoop();
  await write("one", t(""));
  await generate(context, { services: ["app"], name: "hand", custom: true });
  const file = join(folder, "drizzle/app/0001_hand.sql");
  await writeFile(file, `ALTER TABLE "t" ADD COLUMN "h" text;`);
  await writeFile(file.replace(".sql", ".down.sql"), `ALTER TABLE "t" DROP COLUMN "g";`);
  const messages = async () => (await check(context, [])).map(({ problem }) => problem.message);
  expect(await messages()).toEqual(["1 migration was never proved on a server: 0001_hand"]);
  const wrong = await proveAndRecord(context, [], database.url);
  expect(wrong[0]?.findings.map(({ problem }) => problem.message).join()).toMatch(/"g".*not exist/);
  await writeFile(file.replace(".sql", ".down.sql"), `ALTER TABLE "t" DROP COLUMN "h";`);
  await writeFile(join(folder, "schema/tables.ts"), `${imports}${t(`, h: text("h")`)}`);
  const [proved] = await proveAndRecord(context, [], database.url);
  expect(proved?.findings.map(({ problem }) => problem.message)).toEqual([
    expect.stringContaining("the migrations create something that is in no snapshot: column t.h"),
  ]);
});

test("without a server, or with --no-proof, nothing is proved, and that is reported", async () => {
  const { folder, context } = await createLoop();
  await writeFile(join(folder, "schema/tables.ts"), `${imports}${t("")}`);
  const [generated] = await generate(context, { services: [], name: "one", proof: false });
  expect(generated?.migration).toMatchObject({ unproved: "--no-proof", unfinished: false });
  await expect(readFile(join(folder, "drizzle/app/proofs.json"))).rejects.toThrow(/ENOENT/);
});

test("a down reverts only what its migration's SQL did", async () => {
  const { folder, context, write } = await createLoop();
  await write(
    "one",
    `${t(`, a: text("a")`)} export const u = pgTable("u", { id: integer("id") });`,
  );
  // As if a developer had deleted the statement for a table that already exists.
  await writeFile(join(folder, "drizzle/app/0000_one.sql"), `CREATE TABLE "t" ("id" integer);`);
  await writeFile(join(folder, "drizzle/app/checksums.json"), "{}");
  await writeFile(join(folder, "drizzle/app/0000_one.down.sql"), "");
  const { rm } = await import("node:fs/promises");
  await rm(join(folder, "drizzle/app/0000_one.down.sql"));
  const [down] = await generateDowns(context, [], false);
  expect(down?.text).toBe(`DROP TABLE "t" CASCADE;\n`);
});

test("check --database names objects that a migration forgot to drop, and new columns that rows prevent", async () => {
  const { folder, database, context, write } = await createLoop();
  await write("one", t(`, a: text("a").unique()`));
  await write("two", t(`, a: text("a"), n: text("n").notNull()`));
  await writeFile(
    join(folder, "drizzle/app/0001_two.sql"),
    `ALTER TABLE "t" ADD COLUMN "n" text NOT NULL;`,
  );
  await writeFile(
    join(folder, "drizzle/app/0001_two.down.sql"),
    `ALTER TABLE "t" DROP COLUMN "n";`,
  );
  const findings = await proveHistories(context, [], database.url);
  expect(findings.map(({ problem }) => problem.message)).toEqual([
    expect.stringMatching(/^it fails for every tenant with rows: column "n"/),
    "the migrations create something that is in no snapshot: constraint t UNIQUE (a)",
  ]);
});

test("check --database reports why an extension cannot be created", async () => {
  const database = await createDatabase();
  const folder = await createProject({
    "schema/tables.ts": "export {};\n",
    ...history("drizzle/app", { "0000_e": "CREATE EXTENSION IF NOT EXISTS no_such_extension;" }),
  });
  const fleet = appFleet(database.url, ["a"]);
  const { app } = fleet.services as { app: (typeof fleet.services)[string] };
  const services = { app: { ...app, extensionSchema: "extensions" } } as typeof fleet.services;
  const findings = await proveHistories(
    contextFor(folder, { ...fleet, services }),
    [],
    database.url,
  );
  expect(findings.map(({ problem }) => problem.message)).toEqual([
    expect.stringMatching(/^cannot create the extension no_such_extension: .*not available/),
  ]);
});

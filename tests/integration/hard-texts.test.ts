import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, type Installed, run, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, type Files, writeFiles } from "../support/fleet.ts";

// Values that drizzle-kit writes incorrectly: each must be in the tenant's tables as the Drizzle schema defines it.

const imports = `import { eq, sql } from "drizzle-orm";
import { bigint, boolean, check, customType, doublePrecision, index, integer, jsonb, pgEnum, pgPolicy, pgSequence, pgTable, pgView, point, text, unique } from "drizzle-orm/pg-core";
`;

async function createFleet(layout: Installed, schema: string, more: Files = {}) {
  const database = await createDatabase();
  const config = configFile(appFleet(database.url, ["a"]));
  const project = await createProject({ "drizzle.config.ts": config, ...more }, layout);
  const generate = async (text: string, name: string) => {
    await writeFiles(project, { "schema/all.ts": imports + text });
    return runCli(project, ["generate", "--name", name]);
  };
  const migrate = async () => expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  expect(await generate(schema, "one")).toMatchObject({ code: 0, stderr: "" });
  await migrate();
  return { database, project, generate, migrate };
}

const both = ["journal", "folders"] as const;

test.each(both)("defaults reach the database as written in the schema: %s", async (layout) => {
  const { database, project } = await createFleet(
    layout,
    String.raw`const bytea = customType({ dataType: () => "bytea" });
export const mood = pgEnum("mood", ["it's", "b\\", "c;d"]);
export const t = pgTable("t", {
  id: integer("id"),
  json: jsonb("json").default({ k: "it's \"q\" \\ \n %s $1 ; -- -->" }),
  list: jsonb("list").default([1, "it's", null]),
  words: text("words").array().default(["it's", "say \"hi\"", "b\\s", "", " ", "NULL", "a,b", "{}"]),
  objects: jsonb("objects").array().default([{ a: "it's", b: "\"\\" }]),
  moods: mood("moods").array().default(["it's", "c;d"]),
  mood: mood("mood").default("b\\"),
  text: text("text").default("it's \\ \n %s $1 ; -- \"x\" $$"),
  big: bigint("big", { mode: "bigint" }).default(9007199254740993n),
  small: bigint("small", { mode: "bigint" }).default(0n),
  nan: doublePrecision("nan").default(NaN),
  endless: doublePrecision("endless").default(-Infinity),
  place: point("place").default([1, 2]),
  bytes: bytea("bytes").default(Buffer.from("x'\\y")),
  given: text("given").default(sql(["", ""], "it's \\")),
});`,
  );
  await database.query(`INSERT INTO app_a.t (id) VALUES (1)`);
  const [row] = await database.query(
    `SELECT json, list, words, to_jsonb(objects) AS objects, moods::text[] AS moods, mood, text, big::text, small::text, nan, endless, place::text, bytes, given FROM app_a.t`,
  );
  expect(row).toEqual({
    json: { k: `it's "q" \\ \n %s $1 ; -- -->` },
    list: [1, "it's", null],
    words: ["it's", 'say "hi"', "b\\s", "", " ", "NULL", "a,b", "{}"],
    objects: [{ a: "it's", b: '"\\' }],
    moods: ["it's", "c;d"],
    mood: "b\\",
    text: `it's \\ \n %s $1 ; -- "x" $$`,
    big: "9007199254740993",
    small: "0",
    nan: Number.NaN,
    endless: Number.NEGATIVE_INFINITY,
    place: "(1,2)",
    bytes: Buffer.from("x'\\y"),
    given: "it's \\",
  });
  expect(await runCli(project, ["check", "--database", database.url])).toMatchObject({ code: 0 });
});

test.each(both)("expressions and names reach the database unchanged: %s", async (layout) => {
  const { database, project } = await createFleet(
    layout,
    `export const t = pgTable('t"x', {
  a: text('a"b').notNull(),
  b: integer("p,q").references(() => other.id),
  g: text("g").generatedAlwaysAs(() => sql\`'x;' || \${"it's"}\`),
}, (t) => [
  check("c;d", sql\`\${t.a} <> 'a;b--c,,d' AND \${t.a} <> \${"it's;"}\`),
  index('i"x').on(sql\`lower(\${t.a} || ';--')\`).where(sql\`\${t.a} <> 'p;q--r'\`),
  index("j").on(t.b).where(eq(t.a, "it's")),
  unique("u;v--w").on(t.a, t.b),
  pgPolicy('p"q', { using: sql\`\${t.a} <> 'x--y;z'\`, withCheck: sql\`\${t.a} <> \${"it's"}\` }),
]);
export const other = pgTable("o.ther", { id: integer("id").primaryKey() });
export const s = pgSequence('s"q');
export const v = pgView('v"w').as((qb) => qb.select().from(t).where(eq(t.a, "it's; $1")));`,
  );
  const facts =
    await database.query(`SELECT conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint
      WHERE connamespace = 'app_a'::regnamespace AND contype IN ('c', 'u', 'f') AND conrelid = 'app_a."t""x"'::regclass
    UNION ALL SELECT indexrelid::regclass::text, coalesce(pg_get_expr(indexprs, indrelid), '') || ' where ' || pg_get_expr(indpred, indrelid)
      FROM pg_index WHERE indrelid = 'app_a."t""x"'::regclass AND indpred IS NOT NULL
    UNION ALL SELECT policyname, qual || ' check ' || with_check FROM pg_policies WHERE schemaname = 'app_a'
    UNION ALL SELECT 'g', pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'app_a."t""x"'::regclass
    UNION ALL SELECT viewname, definition FROM pg_views WHERE schemaname = 'app_a'
    UNION ALL SELECT sequencename, '' FROM pg_sequences WHERE schemaname = 'app_a'`);
  const texts = Object.fromEntries(facts.map(({ name, text }) => [name, String(text)]));
  expect(texts["c;d"]).toContain("'a;b--c,,d'");
  expect(texts["c;d"]).toContain("'it''s;'");
  expect(texts["u;v--w"]).toBe('UNIQUE ("a""b", "p,q")');
  expect(texts['app_a."i""x"']).toMatch(/';--'.* where .*'p;q--r'/);
  expect(texts["app_a.j"]).toContain("'it''s'");
  expect(texts['p"q']).toMatch(/'x--y;z'.* check .*'it''s'/);
  expect(texts.g).toContain("'it''s'");
  expect(texts['v"w']).toContain("'it''s; $1'");
  expect(texts).toHaveProperty('s"q');
  expect(Object.values(texts).join("\n")).toContain('REFERENCES app_a."o.ther"(id)');
  expect(await runCli(project, ["check", "--database", database.url])).toMatchObject({ code: 0 });
});

test.each(both)("enum values with quotes reach the database unchanged: %s", async (layout) => {
  const fleet = await createFleet(layout, `export const e = pgEnum("e", ["a", "z'z"]);`);
  const added = await fleet.generate(
    `export const e = pgEnum("e", ["it's", "a", "b'c", "z'z"]);`,
    "two",
  );
  expect(added).toMatchObject({ code: 0 });
  await fleet.migrate();
  const [row] = await fleet.database.query(
    `SELECT array_agg(enumlabel::text ORDER BY enumsortorder) AS labels FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = 'app_a'::regnamespace`,
  );
  expect(row).toEqual({ labels: ["it's", "a", "b'c", "z'z"] });
});

test("a down restores a default that drizzle-kit 0.31 stored incorrectly", async () => {
  const project = await createProject({
    "drizzle.config.ts": configFile(appFleet("postgres://127.0.0.1:1/none", ["a"])),
    "schema/all.ts": `${imports}export const t = pgTable("t", { j: jsonb("j").default({ k: "it's" }) });`,
  });
  const kit = join(project, "node_modules/drizzle-kit/bin.cjs");
  expect(await run(project, process.execPath, [kit, "generate"], { SERVICE: "app" })).toMatchObject(
    { code: 0 },
  );
  // As if a developer had corrected the file.
  const [file = ""] = (await readdir(join(project, "drizzle/app"))).filter((name) =>
    name.endsWith(".sql"),
  );
  await writeFiles(project, {
    [`drizzle/app/${file}`]: `CREATE TABLE "t" (\n\t"j" jsonb DEFAULT '{"k":"it''s"}'::jsonb\n);\n`,
  });
  const checked = await runCli(project, ["check"]);
  expect(checked.stdout).not.toContain("the Drizzle schema has changes");
  await writeFiles(project, {
    "schema/all.ts": `${imports}export const t = pgTable("t", { i: integer("i") });`,
  });
  const dropped = await runCli(project, [
    "generate",
    "--dry-run",
    "--no-proof",
    "--drop",
    "column:t.j",
  ]);
  expect(dropped.stdout).toContain(`ADD COLUMN "j" jsonb DEFAULT '{"k":"it''s"}'::jsonb;`);
});

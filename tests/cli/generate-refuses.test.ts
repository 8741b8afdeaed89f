import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, type Installed, runCli } from "../support/cli.ts";
import { appFleet, configFile, type Files, writeFiles } from "../support/fleet.ts";

const imports = `import { sql } from "drizzle-orm";
import { check, foreignKey, index, integer, pgEnum, pgRole, pgSequence, pgTable, pgView, text, unique } from "drizzle-orm/pg-core";
`;

async function create(schema: Files, layout: Installed = "journal", more = {}) {
  const fleet = appFleet("postgres://127.0.0.1:1/none", ["a"], more);
  const project = await createProject({ "drizzle.config.ts": configFile(fleet) }, layout);
  const write = (files: Files) =>
    writeFiles(
      project,
      Object.fromEntries(
        Object.entries(files).map(([name, text]) => [`schema/${name}`, imports + text]),
      ),
    );
  await write(schema);
  const generate = (...args: string[]) =>
    runCli(project, ["generate", "--no-proof", "--name", "next", ...args]);
  const written = async () =>
    (await readdir(join(project, "drizzle/app"), { recursive: true }).catch(() => [])).filter(
      (name) => name.endsWith(".sql"),
    );
  return { project, write, generate, written };
}

const both = ["journal", "folders"] as const;
const u = `export const u = pgTable("u", { id: integer("id").primaryKey() });`;

const twice: readonly (readonly [string, string, RegExp])[] = [
  [
    "tables",
    `export const a = pgTable("same", { x: text("x") }); export const b = pgTable("same", { y: text("y") });`,
    /two tables are named same: exports a and b/,
  ],
  [
    "columns",
    `export const t = pgTable("t", { x: text("same"), y: integer("same") });`,
    /two columns of table t are named same: x and y/,
  ],
  [
    "enums",
    `export const a = pgEnum("e", ["x"]); export const b = pgEnum("e", ["y"]);`,
    /two enums are named e: exports a and b/,
  ],
  [
    "sequences",
    `export const a = pgSequence("s"); export const b = pgSequence("s", { increment: 2 });`,
    /two sequences are named s: exports a and b/,
  ],
  [
    "views",
    `${u} export const a = pgView("v").as((qb) => qb.select().from(u)); export const b = pgView("v", { id: integer("id") }).as(sql\`select 1 as id\`);`,
    /drizzle-kit rejects the schema: .*view/,
  ],
  [
    "roles",
    `export const a = pgRole("r"); export const b = pgRole("r", { createDb: true });`,
    /two roles are named r/,
  ],
  [
    "indexes",
    `export const a = pgTable("a", { x: text("x") }, (t) => [index("i").on(t.x)]); export const b = pgTable("b", { x: text("x") }, (t) => [index("i").on(t.x)]);`,
    /duplicate/,
  ],
  [
    "a unique constraint and an index",
    `export const a = pgTable("a", { x: text("x") }, (t) => [unique("i").on(t.x)]); export const b = pgTable("b", { x: text("x") }, (t) => [index("i").on(t.x)]);`,
    /i .*index b\.i|index b\.i .*i/,
  ],
  [
    "a table and a view",
    `${u} export const v = pgView("u", { id: integer("id") }).as(sql\`select 1 as id\`);`,
    /table u and view u cannot both have that name/,
  ],
  [
    "a table and an enum",
    `${u} export const e = pgEnum("u", ["x"]);`,
    /(table u and enum u|enum u and table u) cannot both have that name/,
  ],
  [
    "foreign keys",
    `${u} export const t = pgTable("t", { x: integer("x"), y: integer("y") }, (t) => [foreignKey({ name: "f", columns: [t.x], foreignColumns: [u.id] }), foreignKey({ name: "f", columns: [t.y], foreignColumns: [u.id] })]);`,
    /two foreign keys of table t have the same name|duplicate constraint name 'f'/,
  ],
  [
    "names that PostgreSQL truncates",
    `${u} export const t = pgTable("t", { x: integer("x") }, (t) => [index("an_index_with_quite_a_long_name_that_needs_more_than_63_bytes_for_one").on(t.x), index("an_index_with_quite_a_long_name_that_needs_more_than_63_bytes_for_two").on(t.x)]);`,
    /have the same name in PostgreSQL, which truncates names to 63 bytes: an_index_with_quite_a_long_name_that_needs_more_than_63_bytes_f\b/,
  ],
];

describe.each(both)("names that are used twice: %s", (layout) => {
  test.each(twice)("%s", async (_, schema, message) => {
    const { generate, written } = await create({ "all.ts": schema }, layout);
    expect(await generate()).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    expect(await written()).toEqual([]);
  });
});

test("generate refuses generated foreign key names that PostgreSQL truncates to the same name (0.31)", async () => {
  const long = "a_table_whose_name_alone_needs_more_than_fifty_of_the_bytes";
  const { generate } = await create({
    "all.ts": `${u} export const a = pgTable("${long}", { column_one: integer().references(() => u.id), column_two: integer().references(() => u.id) });`,
  });
  const { code, stderr } = await generate();
  expect(code).toBe(2);
  expect(stderr).toContain(
    `foreign key ${long}.${long}_column_one_u_id_fk and foreign key ${long}.${long}_column_two_u_id_fk have the same name`,
  );
});

test("check reports names that are used twice", async () => {
  const schema = `export const a = pgEnum("e", ["x"]); export const b = pgEnum("e", ["y"]);`;
  const { project } = await create({ "all.ts": schema });
  const found = { code: 3, stdout: expect.stringContaining("two enums are named e") };
  expect(await runCli(project, ["check"])).toMatchObject(found);
});

test("generate refuses columns that have the same name in the configured casing", async () => {
  const { project, generate } = await create({
    "all.ts": `export const t = pgTable("t", { fooBar: text(), foo_bar: text() });`,
  });
  const config = join(project, "drizzle.config.ts");
  const text = await readFile(config, "utf8");
  await writeFiles(project, {
    "drizzle.config.ts": text.replace('"out":', '"casing":"snake_case","out":'),
  });
  expect(await generate()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      "two columns of table t have the same name in the configured casing",
    ),
  });
});

describe.each(both)("generate does not write SQL that cannot run: %s", (layout) => {
  const broken = [
    [
      "a quote that is open",
      `export const t = pgTable("t", { a: text("a") }, () => [check("c", sql.raw("a <> 'x"))]);`,
      "drizzle-kit wrote SQL that PostgreSQL cannot read: unterminated quoted string at or near \"'x",
    ],
    [
      "a parameter",
      `export const t = pgTable("t", { a: text("a") }, () => [check("c", sql.raw("a <> $1"))]);`,
      "drizzle-kit wrote a parameter without its value: $1",
    ],
    ["a role", `export const r = pgRole("r");`, "CREATE ROLE"],
  ] as const;
  test.each(broken)("%s", async (_, schema, message) => {
    const { project, generate, written } = await create({ "all.ts": schema }, layout);
    const refused = await generate();
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    expect(refused.stderr).toContain("drizzle-fleet generate app --by-hand");
    expect(await written()).toEqual([]);
    expect(await generate("--dry-run")).toMatchObject({ code: 2 });
    const byHand = await generate("--by-hand");
    expect(byHand).toMatchObject({ code: 3, stdout: expect.stringContaining("is unfinished") });
    const file = (await written()).find((name) => !name.includes("down")) ?? "";
    const text = await readFile(join(project, "drizzle/app", file), "utf8");
    expect(text).toMatch(/^-- drizzle-fleet: unfinished /);
    // The snapshot is the new one: once the SQL is correct, there are no changes left.
    await writeFiles(join(project, "drizzle/app"), { [file]: `CREATE TABLE "t" ("a" text);` });
    expect(await generate()).toMatchObject({ code: 0, stdout: "app: no changes\n" });
  });
});

describe.each(both)("dropped tables: %s", (layout) => {
  const users = `export const users = pgTable("users", { id: integer("id") });`;
  const posts = `export const posts = pgTable("posts", { id: integer("id") });`;
  const tags = `export const tags = pgTable("tags", { id: integer("id") });`;
  const start = async () => {
    const fleet = await create({ "a.ts": users, "b.ts": posts, "c.ts": tags }, layout);
    expect(await fleet.generate()).toMatchObject({ code: 0 });
    return fleet;
  };

  test("refuses several at once without a terminal, and names them", async () => {
    const { project, write, generate, written } = await start();
    await write({ "a.ts": "", "b.ts": "" });
    const before = await written();
    const refused = await generate();
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("app: 2 tables are no longer in the schema: users, posts");
    expect(refused.stderr).toContain("--drop table:users --drop table:posts");
    expect((await generate("--drop", "table:users")).stderr).toContain(
      "run the same command with: --drop table:posts",
    );
    expect(await written()).toEqual(before);
    expect((await runCli(project, ["check"])).stdout).toContain(
      "? 2 tables are no longer in the schema: users, posts. Should they be dropped?",
    );
    expect(await generate("--dry-run")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("DROP TABLE"),
    });
    expect((await generate("--drop", "table:users", "--drop", "table:postz")).stderr).toContain(
      "--drop table:postz matches no schema change",
    );
    expect(await generate("--drop", "table:users", "--drop", "table:posts")).toMatchObject({
      code: 0,
    });
    expect(await written()).toHaveLength(before.length + 2);
  });

  test("drops a single one, but not the last remaining one, or one that its file does not export", async () => {
    const { write, generate } = await start();
    await write({ "a.ts": users.replace("export ", "") });
    expect((await generate()).stderr).toContain(
      "table users is no longer in the schema; schema/a.ts defines tables but exports none",
    );
    await write({ "a.ts": "" });
    expect(await generate()).toMatchObject({ code: 0 });
    await write({ "b.ts": "" });
    expect(await generate("--name", "two")).toMatchObject({ code: 0 });
    await write({ "c.ts": "" });
    expect((await generate()).stderr).toContain("--drop table:tags");
    expect(await generate("--name", "three", "--drop", "table:tags")).toMatchObject({ code: 0 });
  });

  test("refuses tables of another dialect", async () => {
    const { generate, project } = await start();
    const mysql = `import { mysqlTable, int } from "drizzle-orm/mysql-core"; export const users = mysqlTable("users", { id: int("id") });`;
    await writeFiles(project, { "schema/a.ts": mysql, "schema/b.ts": "", "schema/c.ts": "" });
    expect(await generate()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("schema/a.ts: users is not a PostgreSQL table"),
    });
  });
});

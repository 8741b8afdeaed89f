import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDrop, parseRename } from "../../src/autogenerate/decisions.ts";
import { check } from "../../src/operations/check.ts";
import { generate } from "../../src/operations/generate.ts";
import { proveHistories } from "../../src/proof/prove-services.ts";
import { createProject, type Installed } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, contextFor } from "../support/fleet.ts";
import { type Change, changesInOrder } from "../support/schema-changes.ts";

const id = `id: integer("id").primaryKey().generatedAlwaysAsIdentity()`;
const users = (columns: string, more = "") =>
  `export const users = pgTable("users", { ${id}, ${columns} }${more});`;
const email = `email: text("email").notNull().unique()`;

/** Changes that tools often get wrong, up or down. */
const changes: Readonly<Record<string, Change>> = {
  "a column comes": { before: users(email), after: users(`${email}, nick: text("nick")`) },
  "a column goes": { before: users(`${email}, nick: text("nick")`), after: users(email) },
  "a table with a foreign key comes": {
    before: users(email),
    after: `${users(email)}
      export const posts = pgTable("posts", { ${id}, author: integer("author").references(() => users.id) });`,
  },
  "a table goes that a kept one refers to": {
    before: `export const teams = pgTable("teams", { ${id} });
      ${users(`${email}, team: integer("team").references(() => teams.id)`)}`,
    after: users(email),
  },
  "a column is renamed that a constraint, an index and a foreign key use": {
    before: `${users(email, `, (t) => [index("by_email").on(t.email)]`)}
      export const mails = pgTable("mails", { to: text("to").references(() => users.email) });`,
    after: `${users(`mail: text("mail").notNull().unique()`, `, (t) => [index("by_email").on(t.mail)]`)}
      export const mails = pgTable("mails", { to: text("to").references(() => users.mail) });`,
    renames: ["column:users.email=mail"],
    // drizzle-kit 0.31 renames the key by creating it again; 1.0 leaves it as it is, so there is no note.
    depends: [/every row must satisfy this constraint|^$/],
  },
  "a table and its column are renamed": {
    before: users(email),
    after: `export const people = pgTable("people", { ${id}, mail: text("mail").notNull().unique() });`,
    renames: ["table:users=people", "column:people.email=mail"],
  },
  "a table is dropped, and another one comes": {
    before: users(email),
    after: `export const people = pgTable("people", { ${id} });`,
    drops: ["table:users"],
  },
  "a column is dropped, and another one comes": {
    before: users(`${email}, nick: text("nick").unique()`),
    after: users(`${email}, alias: text("alias").unique()`),
    drops: ["column:users.nick"],
  },
  "an enum is renamed, and its column keeps its default": {
    before: `export const role = pgEnum("role", ["reader", "writer"]);
      ${users(`role: role("role").default("reader")`)}`,
    after: `export const role = pgEnum("kind", ["reader", "writer"]);
      ${users(`role: role("role").default("reader")`)}`,
    renames: ["enum:role=kind"],
  },
  "an enum gets a value, under an index with a condition and a check": {
    before: `export const role = pgEnum("role", ["reader", "writer"]);
      ${users(
        `role: role("role").default("reader")`,
        `, (t) => [
          index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`),
          check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`),
        ]`,
      )}`,
    after: `export const role = pgEnum("role", ["reader", "writer", "owner"]);
      ${users(
        `role: role("role").default("reader")`,
        `, (t) => [
          index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`),
          check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`),
        ]`,
      )}`,
    depends: [/its down .* invalid input value for enum/],
  },
  "an enum loses the value that is a default": {
    before: `export const role = pgEnum("role", ["reader", "writer"]);
      ${users(`role: role("role").default("writer"), all: role("all").array().default(["reader"])`)}`,
    after: `export const role = pgEnum("role", ["reader"]);
      ${users(`role: role("role"), all: role("all").array().default(["reader"])`)}`,
    depends: [/invalid input value for enum/],
  },
  "a column is renamed to a name that JavaScript knows": {
    before: users(`a: text("a")`),
    after: users(`a: text("constructor")`),
    renames: ["column:users.a=constructor"],
  },
  "a view is changed with the column below it": {
    before: `${users(email)}
      export const emails = pgView("emails").as((qb) => qb.select({ email: users.email }).from(users));`,
    after: `${users(`mail: text("mail").notNull().unique()`)}
      export const emails = pgView("emails").as((qb) => qb.select({ email: users.mail }).from(users));`,
    renames: ["column:users.email=mail"],
  },
  "a type is changed": {
    before: users(`age: integer("age")`),
    after: users(`age: bigint("age", { mode: "number" })`),
  },
  "defaults and NOT NULL come and go": {
    before: users(`a: text("a").notNull(), b: text("b").default("b")`),
    after: users(`a: text("a").default("a"), b: text("b").notNull()`),
    depends: [/the migration .* null values/, /its down .* null values/],
  },
  "a primary key of two columns comes": {
    before: `export const members = pgTable("members", { a: integer("a").notNull(), b: integer("b").notNull() });`,
    after: `export const members = pgTable("members", { a: integer("a").notNull(), b: integer("b").notNull() },
      (t) => [primaryKey({ columns: [t.a, t.b] })]);`,
    depends: [/could not create unique index/],
  },
  "a sequence comes, and another one is renamed": {
    before: `export const one = pgSequence("one", { startWith: 5 });`,
    after: `export const one = pgSequence("first", { startWith: 5 });
      ${users(email)}`,
    renames: ["sequence:one=first"],
  },
};

const imports = (columns: string) =>
  `import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, pgEnum, pgMaterializedView, pgPolicy, pgSequence, pgTable, pgView, primaryKey, serial, text, unique, uniqueIndex, uuid } from "drizzle-orm/pg-core";
${columns}
`;

describe.each<Installed>(["journal", "folders"])("in the layout %s", (installed) => {
  test.each(Object.entries({ ...changes, ...changesInOrder }))(
    "%s: runs up, down and up again, and the schema equals the snapshot",
    async (_name, { before, after, renames = [], drops = [], depends = [], later = [] }) => {
      const database = await createDatabase();
      const folder = await createProject({ "schema/tables.ts": imports(before) }, installed);
      const context = contextFor(folder, appFleet(database.url, ["a"]));
      const write = async (name: string, tables: string, decisions?: Decisions) => {
        await writeFile(join(folder, "schema/tables.ts"), imports(tables));
        const [written] = await generate(context, {
          ...{ services: [], name, database: database.url },
          ...(decisions === undefined ? {} : { decisions }),
        });
        return written?.migration;
      };
      await write("before", before);
      const decisions = { renames: renames.map(parseRename), drops: drops.map(parseDrop) };
      const written = [await write("after", after, decisions)];
      for (const [index, tables] of later.entries())
        written.push(await write(`later_${index}`, tables));
      expect(written.filter((one) => one?.unfinished === true)).toEqual([]);
      const notes = written.flatMap((one) => one?.notes ?? []);
      expect(notes.filter((note) => !depends.some((pattern) => pattern.test(note)))).toEqual([]);
      for (const pattern of depends) expect(notes.join("\n")).toMatch(pattern);
      expect(await check(context, [])).toEqual([]);
      const findings = await proveHistories(context, [], database.url);
      expect(
        findings.map(({ problem }) => [problem.where, problem.message, problem.excerpt]),
      ).toEqual([]);
      expect(await write("nothing", later.at(-1) ?? after)).toBeUndefined();
    },
  );
});

test("casing is refused if drizzle-kit would ignore it", async () => {
  const folder = await createProject({ "schema/tables.ts": imports(users(email)) }, "folders");
  const fleet = appFleet("postgresql://localhost/none", ["a"]);
  const { app } = fleet.services as { app: (typeof fleet.services)[string] };
  const context = contextFor(folder, {
    ...fleet,
    services: { app: { ...app, casing: "snake_case" } } as typeof fleet.services,
  });
  await expect(generate(context, { services: [] })).rejects.toMatchObject({
    code: "config",
    where: "services.app.casing",
    remedy: expect.stringContaining("snakeCase"),
  });
});

type Decisions = NonNullable<Parameters<typeof generate>[1]["decisions"]>;

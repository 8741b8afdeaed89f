import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { migrationText, type Queries, Story, statementsIn } from "../support/story.ts";

// The commands are those of docs/expand-and-contract.md.

/** Inserts a row, and reads, changes and deletes it. */
function rows(values: () => object, change: object): Queries {
  return async (database, { users }) => {
    const [made] = (await database.insert(users).values(values()).returning()) as { id: number }[];
    await database.update(users).set(change).where(eq(users.id, made?.id)).returning();
    expect((await database.select().from(users)).length).toBeGreaterThan(0);
  };
}

test("a column is dropped after no release needs it", async () => {
  const email = { email: "a@example.com" };
  const story = await Story.begin({
    first: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), email: text().notNull(), nick: text().notNull() });`,
      queries: rows(() => ({ ...email, nick: "a" }), { nick: "b" }),
    },
    second: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), email: text().notNull() });`,
      queries: rows(() => email, email),
    },
  });
  await story.write("second");
  const made = await story.run("generate app --name drop_nick --split 14d");
  expect(made.stdout).toContain("held back for 14d: column users.nick is dropped");
  expect(statementsIn(await migrationText(story, "0001_drop_nick_expand"))).toEqual([
    `ALTER TABLE "users" ALTER COLUMN "nick" DROP NOT NULL;`,
  ]);
  const contract = await migrationText(story, "0002_drop_nick_contract");
  expect(contract).toBe(
    `-- drizzle-fleet: contract after 0001_drop_nick_expand 14d\nALTER TABLE "users" DROP COLUMN "nick";`,
  );
  await story.works("first");
  const plan = await story.run("plan");
  expect(plan.stdout).toContain(
    "0002_drop_nick_contract: after 0001_drop_nick_expand in 2 targets",
  );
  const migrated = await story.run("migrate");
  expect(migrated.stdout).toContain("Done: 2 migrations applied, 2 targets at head.");
  expect(migrated.stdout).toContain("1 contract is held back:");
  await story.works("first", "second");
  await story.run("check --database");
  await story.run("migrate --contract");
  await story.works("first", "second");
  await story.wait(15);
  expect((await story.run("status --exit-code")).stdout).toContain(
    "app 0002_drop_nick_contract: ripe in 2 targets",
  );
  await story.works("second");
  expect((await story.run("migrate --contract")).stdout).toContain("Done: 2 migrations applied");
  await story.works("second");
  await story.breaks("first", /column "nick" .*does not exist/);
  expect((await story.run("drift")).stdout).toMatch(/No drift/);
});

test("a column is renamed: added, copied, switched, dropped", async () => {
  const story = await Story.begin({
    first: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), name: text().notNull() });`,
      queries: rows(() => ({ name: "Ada" }), { name: "Grace" }),
    },
    second: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), name: text().notNull(), fullName: text("full_name") });`,
      queries: rows(() => ({ name: "Ada", fullName: "Ada" }), { name: "Grace", fullName: "Grace" }),
    },
    third: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), fullName: text("full_name").notNull() });`,
      queries: async (database, tables) => {
        await rows(() => ({ fullName: "Ada" }), { fullName: "Grace" })(database, tables);
        const { users } = tables;
        expect(await database.select().from(users).where(sql`full_name IS NULL`)).toEqual([]);
      },
    },
  });
  await story.write("second");
  await story.run("generate app --name add_full_name");
  await story.run("migrate");
  await story.works("first", "second");
  // From here on, no program of the first release runs.
  await story.run("generate app --custom --name copy_name");
  await story.edit({
    "0002_copy_name.sql": `UPDATE "users" SET "full_name" = "name" WHERE "full_name" IS NULL;`,
    "0002_copy_name.down.sql": "-- drizzle-fleet: nothing to revert: the old column has the names",
  });
  await story.write("third");
  await story.run("generate app --name drop_name --split 14d");
  expect(statementsIn(await migrationText(story, "0003_drop_name_expand"))).toEqual([
    `ALTER TABLE "users" ALTER COLUMN "name" DROP NOT NULL;`,
  ]);
  expect(statementsIn(await migrationText(story, "0004_drop_name_contract"))).toEqual([
    `ALTER TABLE "users" ALTER COLUMN "full_name" SET NOT NULL;`,
    `ALTER TABLE "users" DROP COLUMN "name";`,
  ]);
  await story.works("second");
  await story.run("migrate");
  await story.works("second", "third");
  await story.wait(15);
  await story.run("migrate --contract");
  await story.works("third");
  await story.breaks("second", /column "name" .*does not exist/);
});

test("a table is split", async () => {
  const addresses = `export const addresses = pgTable("addresses", { userId: integer("user_id").primaryKey().references(() => users.id), city: text().notNull() });`;
  const insertBoth: Queries = async (database, { users, addresses: table }) => {
    const [made] = (await database.insert(users).values({ city: "Oslo" }).returning()) as {
      id: number;
    }[];
    await database.insert(table).values({ userId: made?.id, city: "Oslo" }).returning();
    await database.select().from(users);
  };
  const story = await Story.begin({
    first: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), city: text().notNull() });`,
      queries: rows(() => ({ city: "Oslo" }), { city: "Bergen" }),
    },
    second: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), city: text().notNull() });\n${addresses}`,
      queries: insertBoth,
    },
    third: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey() });\n${addresses}`,
      queries: async (database, { users, addresses: table }) => {
        const [made] = (await database.insert(users).values({}).returning()) as { id: number }[];
        await database.insert(table).values({ userId: made?.id, city: "Oslo" }).returning();
        const all = await database
          .select()
          .from(users)
          .innerJoin(table, eq(users.id, table.userId));
        expect(all.length).toBe((await database.select().from(users)).length);
      },
    },
  });
  await story.write("second");
  await story.run("generate app --name add_addresses");
  await story.run("migrate");
  await story.works("first", "second");
  await story.run("generate app --custom --name copy_cities");
  await story.edit({
    "0002_copy_cities.sql": `INSERT INTO "addresses" ("user_id", "city") SELECT "id", "city" FROM "users" ON CONFLICT DO NOTHING;`,
    "0002_copy_cities.down.sql": "-- drizzle-fleet: nothing to revert: users has the cities",
  });
  await story.write("third");
  await story.run("generate app --name drop_city --split 14d");
  await story.works("second");
  await story.run("migrate");
  await story.works("second", "third");
  await story.wait(15);
  await story.run("migrate --contract");
  await story.works("third");
  await story.breaks("second", /column "city" .*does not exist/);
});

test("a type is changed: at once if it becomes wider, otherwise with a new column", async () => {
  const story = await Story.begin({
    first: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), code: varchar({ length: 4 }).notNull(), credit: integer().notNull() });`,
      queries: rows(() => ({ code: "abcd", credit: 5 }), { credit: 7 }),
    },
    second: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), code: varchar({ length: 8 }).notNull(), credit: integer().notNull(), amount: numeric({ precision: 12, scale: 2 }) });`,
      queries: rows(() => ({ code: "abcdefgh", credit: 5, amount: "5.00" }), {
        credit: 7,
        amount: "7.00",
      }),
    },
    third: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), code: varchar({ length: 8 }).notNull(), amount: numeric({ precision: 12, scale: 2 }).notNull() });`,
      queries: rows(() => ({ code: "abcdefgh", amount: "5.25" }), { amount: "7.25" }),
    },
  });
  await story.write("second");
  const wider = await story.run("generate app --name add_amount --split 14d");
  expect(wider.stdout).not.toContain("held back");
  await story.run("migrate");
  await story.works("first", "second");
  await story.run("generate app --custom --name copy_credit");
  await story.edit({
    "0002_copy_credit.sql": `UPDATE "users" SET "amount" = "credit" WHERE "amount" IS NULL;`,
    "0002_copy_credit.down.sql": "-- drizzle-fleet: nothing to revert: credit has the amounts",
  });
  await story.write("third");
  await story.run("generate app --name drop_credit --split 14d");
  await story.works("second");
  await story.run("migrate");
  await story.works("second", "third");
  await story.wait(15);
  await story.run("migrate --contract");
  await story.works("third");
  await story.breaks("second", /column "credit" .*does not exist/);
});

test("a column is made required", async () => {
  const story = await Story.begin({
    first: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), email: text().notNull(), phone: text() });`,
      queries: rows(() => ({ email: "a@example.com" }), { email: "b@example.com" }),
    },
    second: {
      schema: `export const users = pgTable("users", { id: serial().primaryKey(), email: text().notNull(), phone: text().notNull() });`,
      queries: rows(() => ({ email: "a@example.com", phone: "1" }), { phone: "2" }),
    },
  });
  await story.write("second");
  await story.run("generate app --name require_phone --split 14d");
  await story.run("migrate");
  await story.works("first", "second");
  // From here on, no program of the first release runs.
  await story.run("generate app --custom --name fill_phone");
  await story.edit({
    "0003_fill_phone.sql": `UPDATE "users" SET "phone" = '' WHERE "phone" IS NULL;`,
    "0003_fill_phone.down.sql": "-- drizzle-fleet: nothing to revert: empty numbers can stay",
  });
  await story.run("migrate");
  await story.works("second");
  await story.run("check --database");
  await story.wait(15);
  await story.run("migrate --contract");
  await story.works("second");
  await story.breaks("first", /null value in column "phone"/);
});

test("a value of an enum is dropped", async () => {
  const users = `export const users = pgTable("users", { id: serial().primaryKey(), status: status().notNull() });`;
  const story = await Story.begin({
    first: {
      schema: `export const status = pgEnum("status", ["active", "paused", "closed"]);\n${users}`,
      queries: rows(() => ({ status: "paused" }), { status: "paused" }),
    },
    second: {
      schema: `export const status = pgEnum("status", ["active", "closed"]);\n${users}`,
      queries: rows(() => ({ status: "active" }), { status: "closed" }),
    },
  });
  await story.write("second");
  await story.run("generate app --name drop_paused --split 14d");
  await story.run("migrate");
  await story.works("first", "second");
  // From here on, no program of the first release runs.
  await story.run("generate app --custom --name close_paused");
  await story.edit({
    "0003_close_paused.sql": `UPDATE "users" SET "status" = 'closed' WHERE "status" = 'paused';`,
    "0003_close_paused.down.sql": "-- drizzle-fleet: nothing to revert: closed is valid before",
  });
  await story.run("migrate");
  await story.works("second");
  await story.wait(15);
  await story.run("migrate --contract");
  await story.works("second");
  await story.breaks("first", /invalid input value for enum/);
});

test("drizzle-kit 1.0 continues from both migrations", async () => {
  const users = (more: string) =>
    `export const users = pgTable("users", { id: serial().primaryKey(), email: text().notNull()${more} });`;
  const story = await Story.begin(
    {
      first: {
        schema: `${users(", nick: text().notNull()")}\nexport const posts = pgTable("posts", { id: serial().primaryKey(), userId: integer("user_id").references(() => users.id) });`,
        queries: rows(() => ({ email: "a", nick: "a" }), { nick: "b" }),
      },
      second: {
        schema: users(""),
        queries: rows(() => ({ email: "a" }), { email: "b" }),
      },
      third: {
        schema: users(", age: integer()"),
        queries: rows(() => ({ email: "a", age: 1 }), { age: 2 }),
      },
    },
    "folders",
  );
  await story.write("second");
  const made = await story.run("generate app --name drop_nick --drop table:posts --split 14d");
  expect(made.stdout).toContain("held back for 14d: table posts is dropped");
  await story.run("migrate");
  await story.works("first", "second");
  await story.write("third");
  await story.run("generate app --name add_age");
  await story.run("check --database");
  await story.run("migrate");
  await story.works("first", "second", "third");
  await story.wait(15);
  await story.run("migrate --contract");
  await story.works("second", "third");
  await story.breaks("first", /column "nick" .*does not exist/);
  expect((await story.run("drift")).stdout).toMatch(/No drift/);
});

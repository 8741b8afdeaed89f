import { expect, test } from "vitest";
import { readProperties } from "../../src/catalog/properties.ts";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import { acceptOwnNames } from "../../src/drift/own-names.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createDatabase } from "../support/database.ts";
import { differencesBetween } from "../support/differences.ts";
import { structure } from "../support/drift-cases.ts";

/** SQL with words that are also the names of schemas below. {tenant} is the name of the schema. */
const more = `CREATE TYPE "size" AS ENUM ('u', 'users', 'happy', 'S');
CREATE TABLE "u" ("id" integer DEFAULT 1, "u" text DEFAULT 'u', "a.b" text DEFAULT 'users', "size" "size" DEFAULT 'S');
CREATE VIEW "joined" AS SELECT u."id", o."code", 'u'::text AS "kind", (u.*)::text AS "all" FROM "{tenant}"."users" u
  JOIN "{tenant}"."orders" o ON o."user_id" = u."id" JOIN "{tenant}"."u" id ON id."id" = u."id" WHERE u."mail" <> 'users';
CREATE VIEW "named" AS SELECT "users"."id", "orders"."code" FROM "users" JOIN "orders" ON "orders"."user_id" = "users"."id";
CREATE FUNCTION "find"("u" "{tenant}"."u", "size" "{tenant}"."size" DEFAULT 'u') RETURNS SETOF "users" LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = "{tenant}", pg_temp SET statement_timeout = '5min' AS $$ BEGIN
  RETURN QUERY SELECT "{tenant}"."users".* FROM "{tenant}"."users" WHERE "users"."id" = 1 AND u.u = 'u'; END $$;
CREATE FUNCTION "atomic"() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM "users" u JOIN "u" happy ON happy.id = u.id; END;
CREATE TABLE "links" ("of" regclass DEFAULT '"{tenant}"."users"'::regclass, "id" bigint DEFAULT nextval('"{tenant}"."numbers"'));
ALTER TABLE "u" ADD CONSTRAINT "checked" CHECK ("u"."id" > 0 AND "u"."u" <> 'u');
CREATE POLICY "joined" ON "u" USING (EXISTS (SELECT FROM "users" u JOIN "orders" id ON id."user_id" = u."id"));
CREATE TRIGGER "u" BEFORE UPDATE ON "u" FOR EACH ROW WHEN (new."u" = 'u') EXECUTE FUNCTION "touch"('u', 'users');
COMMENT ON TABLE "u" IS 'u.id is that of users.id';`;

/** Creates the same structure in a schema with an ordinary name and in another, changes that, and compares. */
async function differencesIn(schema: string, change: (quoted: string) => string) {
  const database = await createDatabase();
  for (const name of ["scratch_1", schema]) {
    const quoted = quoteIdentifier(name);
    const sql = `${structure}${more}`
      .replaceAll(`'"{tenant}"`, `'${quoted.replaceAll("'", "''")}`)
      .replaceAll('"{tenant}"', quoted);
    await database.query(`CREATE SCHEMA ${quoted}; SET search_path = ${quoted}; ${sql}`);
  }
  await database.query(change(quoteIdentifier(schema)));
  return withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const found = await readProperties(session, [{ schema: "scratch_1" }, { schema }]);
    const [expected, own] = [found.get("scratch_1") ?? [], found.get(schema) ?? []];
    return {
      forward: differencesBetween(expected, acceptOwnNames(expected, own)),
      backward: differencesBetween(own, acceptOwnNames(own, expected)),
    };
  });
}

/** Names that are also tables, aliases, columns, labels, parameters, settings or literals of the structure. */
const names = [
  ...["u", "users", "o", "id", "happy", "size", "S", "a.b", "new", "touch", "text", "numbers"],
  ...["statement_timeout", "search_path", "temp", 'u"u', "o'u", "of", "_", "Users", "u.id"],
];

test.each(names)("a schema called %s is equal to one with another name", async (schema) => {
  expect(await differencesIn(schema, () => "SELECT 1")).toEqual({ forward: [], backward: [] });
});

test("in a schema that is called like one of its aliases, other differences are found", async () => {
  const changes = [
    [
      "view",
      `CREATE OR REPLACE VIEW named AS SELECT u.id, o.code FROM users u JOIN orders o ON o.user_id <> u.id`,
    ],
    ["column", `ALTER TABLE u ALTER u SET DEFAULT 'v'`],
    ["function", `ALTER FUNCTION find SET search_path = other, pg_temp`],
    ["column", `ALTER TABLE links ALTER "of" SET DEFAULT 'u'::regclass`],
    [
      "view",
      `CREATE TABLE public.orders (user_id integer, code varchar(10));
      CREATE OR REPLACE VIEW named AS SELECT users.id, orders.code FROM users JOIN public.orders ON orders.user_id = users.id`,
    ],
  ] as const;
  for (const [kind, change] of changes) {
    const { forward } = await differencesIn("u", () => change);
    expect(forward).toMatchObject([{ kind, change: "changed" }]);
  }
});

import { beforeAll, expect, test } from "vitest";
import { ownChanges, renamesOnly } from "../../src/autogenerate/own-changes.ts";
import { loadParser, parse } from "../../src/sql/parser.ts";
import { overlap, subjectsOf } from "../../src/sql/subjects.ts";

beforeAll(loadParser);

test.each<[string, string, readonly string[], readonly string[]]>([
  [
    "a table that the SQL does not make",
    `CREATE TABLE "a" ("id" integer);`,
    [`DROP TABLE "a" CASCADE;`, `DROP TABLE "auth"."a" CASCADE;`, `DROP SCHEMA "auth";`],
    [`DROP TABLE "a" CASCADE;`],
  ],
  [
    "a column of another branch",
    `ALTER TABLE "a" ADD COLUMN "x" text;`,
    [`ALTER TABLE "a" DROP COLUMN "x";`, `ALTER TABLE "a" DROP COLUMN "y";`],
    [`ALTER TABLE "a" DROP COLUMN "x";`],
  ],
  [
    "a type that was never dropped",
    `ALTER TABLE "a" DROP COLUMN "s";`,
    [`CREATE TYPE "public"."s" AS ENUM('x');`, `ALTER TABLE "a" ADD COLUMN "s" "s";`],
    [`ALTER TABLE "a" ADD COLUMN "s" "s";`],
  ],
  [
    "an unnamed key of another table",
    `ALTER TABLE "a" ADD PRIMARY KEY ("id");`,
    [`ALTER TABLE "a" DROP CONSTRAINT "a_pkey";`, `ALTER TABLE "b" DROP CONSTRAINT "b_pkey";`],
    [`ALTER TABLE "a" DROP CONSTRAINT "a_pkey";`],
  ],
])("a down contains only its migration's changes, without %s", (_what, up, back, kept) => {
  expect(ownChanges(back, up, ["public"])).toEqual(kept);
});

test("a recreated type includes its columns and what depends on them", () => {
  const back = [
    `DROP INDEX "i";`,
    `ALTER TABLE "a" ALTER COLUMN "s" SET DATA TYPE text;`,
    `DROP TYPE "public"."st";`,
    `CREATE TYPE "public"."st" AS ENUM('x');`,
    `ALTER TABLE "a" ALTER COLUMN "s" SET DATA TYPE "public"."st" USING "s"::"public"."st";`,
    `CREATE INDEX "i" ON "a" ("id") WHERE "s" = 'x';`,
  ];
  const more = `ALTER TABLE "b" DROP COLUMN "c";`;
  expect(ownChanges([...back, more], `ALTER TYPE "st" ADD VALUE 'y';`, ["public"])).toEqual(back);
});

test("a text that only renames is reversed in reverse order; any other text is not", () => {
  const swap = [`"a" TO "aside"`, `"b" TO "a"`, `"aside" TO "b"`];
  const up = swap.map((names) => `ALTER TABLE "t" RENAME COLUMN ${names};`).join("\n");
  expect(renamesOnly(up)).toEqual([
    `ALTER TABLE "t" RENAME COLUMN "b" TO "aside";`,
    `ALTER TABLE "t" RENAME COLUMN "a" TO "b";`,
    `ALTER TABLE "t" RENAME COLUMN "aside" TO "a";`,
  ]);
  expect(renamesOnly(`${up} SELECT 1;`)).toBeUndefined();
  expect(renamesOnly("")).toBeUndefined();
});

test.each<[string, string, boolean]>([
  [`ALTER TABLE "t" ADD COLUMN "a" text`, `ALTER TABLE "t" ALTER COLUMN "a" SET NOT NULL`, true],
  [`ALTER TABLE "t" ADD COLUMN "a" text`, `ALTER TABLE "t" ADD COLUMN "b" text`, false],
  [`DROP TABLE "t"`, `ALTER POLICY "p" ON "t" USING (true)`, true],
  [`DROP TABLE "t"`, `CREATE INDEX "i" ON "t" ("a")`, true],
  [`DROP INDEX "i"`, `CREATE INDEX "i" ON "t" ("a")`, true],
  [`ALTER TABLE "t" RENAME TO "u"`, `ALTER TABLE "u" DROP COLUMN "a"`, true],
  [`ALTER TYPE "public"."e" ADD VALUE 'x'`, `DROP TYPE "e"`, true],
  [`DROP VIEW "v"`, `CREATE MATERIALIZED VIEW "v" AS SELECT 1`, true],
  [`COMMENT ON COLUMN "t"."a" IS 'x'`, `ALTER TABLE "t" DROP COLUMN "a"`, true],
  [`CREATE TRIGGER "r" BEFORE INSERT ON "t" EXECUTE FUNCTION f()`, `DROP TRIGGER "r" ON "t"`, true],
  [`CREATE TRIGGER "r" BEFORE INSERT ON "t" EXECUTE FUNCTION f()`, `DROP FUNCTION f()`, false],
])("%s and %s are about one object: %s", (left, right, same) => {
  const of = (sql: string) => parse(sql).flatMap(({ tree }) => subjectsOf(tree, ["public"]));
  expect(of(left).some((one) => of(right).some((other) => overlap(one, other)))).toBe(same);
});

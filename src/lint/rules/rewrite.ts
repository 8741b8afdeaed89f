import { nameOf, type Rule, unlessSmall } from "../rule.ts";
import { recreatedEnumOf } from "./enum-recreate.ts";

export const rewrite: Rule = {
  id: "rewrite",
  severity: "error",
  summary: "a statement writes a whole table anew",
  why: "PostgreSQL holds an ACCESS EXCLUSIVE lock while it writes every row of the table and all its indexes anew: the application can neither read nor write the table until it is done, and the rows need their space twice. Changing a column's type, a volatile default, an identity or a stored generated column do this.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "orders" ADD COLUMN "token" uuid DEFAULT gen_random_uuid();`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "net" integer);`,
      sql: `ALTER TABLE "orders" ADD COLUMN "gross" integer GENERATED ALWAYS AS ("net" * 2) STORED;`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `DO $$ BEGIN ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint; END $$;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "code" varchar(10));`,
      sql: `ALTER TABLE "orders" ALTER COLUMN "code" TYPE text;`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "orders" ADD COLUMN "paid" boolean NOT NULL DEFAULT false;`,
    },
    {
      sql: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);
ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;`,
    },
  ],
  find(statement, context) {
    const { effects, kind } = statement;
    // TRUNCATE gives a table a new, empty file: see `truncate`. REFRESH: see `blocking-index`.
    if (/^(Truncate|RefreshMatView|Vacuum|Cluster)Stmt$/.test(kind)) return [];
    if (recreatedEnumOf(statement) !== undefined) return [];
    return effects.rewritten
      .filter((table) => "rm".includes(table.kind))
      .map((table) => ({
        message: `${nameOf(table)} is written anew under an ACCESS EXCLUSIVE lock`,
        remedy: `Add a new column of the wanted kind without rewriting (nullable, without a volatile default): ALTER TABLE "${table.name}" ADD COLUMN "<new>" <type>; fill it in batches, and use it in the next release. A new column can get its default in a second statement, which applies to new rows only: ALTER TABLE "${table.name}" ALTER COLUMN "<new>" SET DEFAULT <expression>;`,
        ...unlessSmall([table], context),
      }));
  },
};

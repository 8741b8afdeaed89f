import { changesManyRows, marksAbove } from "../rows.ts";
import { nameOf, type Rule, unlessSmall } from "../rule.ts";
import { withoutCondition } from "./no-where.ts";

export const bulkDml: Rule = {
  id: "bulk-dml",
  severity: "error",
  summary: "a statement changes or copies an unknown number of rows in one transaction",
  why: "An UPDATE, DELETE or INSERT ... SELECT takes as long as the biggest tenant has rows. Until it commits, it keeps its row locks, so that the application waits for them, VACUUM cannot clean up, and replicas fall behind. In batches, each transaction is short, and an interrupted run continues where it stopped.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "name" text, "slug" text);`,
      sql: `UPDATE "users" SET "slug" = lower("name") WHERE "slug" IS NULL;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "name" text);`,
      sql: `CREATE TABLE "names" ("name" text);
INSERT INTO "names" SELECT DISTINCT "name" FROM "users";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "name" text);`,
      sql: `WITH "gone" AS (DELETE FROM "users" WHERE "name" IS NULL RETURNING "id") SELECT count(*) FROM "gone";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "name" text, "slug" text);`,
      sql: `-- drizzle-fleet: batch 5000 by id
UPDATE "users" SET "slug" = lower("name") WHERE "slug" IS NULL;`,
    },
    {
      before: `CREATE TABLE "roles" ("name" text PRIMARY KEY, "level" integer);`,
      sql: `UPDATE "roles" SET "level" = 3 WHERE "name" = 'admin';`,
    },
    {
      before: `CREATE TABLE "roles" ("name" text PRIMARY KEY, "level" integer);`,
      sql: `INSERT INTO "roles" VALUES ('admin', 1), ('guest', 2) ON CONFLICT DO NOTHING;`,
    },
  ],
  find(statement, context) {
    if (withoutCondition(statement).length > 0 || marksAbove(statement).includes("batch"))
      return [];
    const tables = changesManyRows(statement);
    const names = [...new Set(tables.map(nameOf))];
    if (names.length === 0) return [];
    const verb = statement.kind === "InsertStmt" ? "reads" : "changes";
    return [
      {
        message: `the statement ${verb} as many rows of ${names.join(", ")} as the biggest tenant has, in one transaction`,
        remedy:
          "Change the rows in batches: write -- drizzle-fleet: batch 5000 by id on the line above the UPDATE or DELETE. If the number of rows is known to be small in every tenant, allow the statement.",
        ...unlessSmall(tables, context),
      },
    ];
  },
};

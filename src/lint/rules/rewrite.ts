import { nameOf, type Rule } from "../rule.ts";

export const rewrite: Rule = {
  id: "rewrite",
  severity: "error",
  summary: "a statement writes a whole table anew",
  why: "PostgreSQL holds an ACCESS EXCLUSIVE lock while it writes every row of the table and all its indexes anew: the application can neither read nor write the table until it is done, and the rows need their space twice.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "orders" ADD COLUMN "token" uuid DEFAULT gen_random_uuid();`,
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
  ],
  find({ trace, kind }, { sizeOf, smallBytes }) {
    // TRUNCATE gives a table a new, empty file: see `truncate`.
    if (trace === undefined || kind === "TruncateStmt") return [];
    return trace.rewritten
      .filter((table) => "rm".includes(table.kind))
      .map((table) => {
        const size = sizeOf(table);
        return {
          message: `${nameOf(table)} is written anew under an ACCESS EXCLUSIVE lock`,
          remedy:
            "Add a column of the new type beside the old one, fill it in batches, and switch to it in a later release.",
          ...(size !== undefined && size <= smallBytes ? { severity: "info" as const } : {}),
        };
      });
  },
};

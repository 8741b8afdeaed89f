import { marksAbove, type RowChange, rowChangesOf } from "../rows.ts";
import { isSmall, type LintedStatement, nameOf, type Rule } from "../rule.ts";

export const noWhere: Rule = {
  id: "no-where",
  severity: "error",
  summary: "an UPDATE or DELETE without WHERE changes every row of a table",
  why: "It writes a new version of every row, or removes all rows, in one transaction, in every tenant. Often the WHERE clause was forgotten. If every row is meant, a condition that leaves out the rows that are already right makes the statement repeatable, and lets it run in batches.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "active" boolean);`,
      sql: `UPDATE "users" SET "active" = true;`,
    },
    {
      before: `CREATE TABLE "sessions" ("id" integer PRIMARY KEY);`,
      sql: `DELETE FROM "sessions";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "active" boolean);`,
      sql: `UPDATE "users" SET "active" = true WHERE "active" IS NULL;`,
    },
    {
      sql: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "active" boolean);
INSERT INTO "users" VALUES (1, false);
UPDATE "users" SET "active" = true;`,
    },
  ],
  find(statement, context) {
    if (marksAbove(statement).includes("batch")) return [];
    return withoutCondition(statement).map(({ kind, table }) => {
      const isUpdate = kind === "UpdateStmt";
      const small = isUpdate && isSmall({ ...table, kind: "r" }, context);
      return {
        message: `${isUpdate ? "UPDATE" : "DELETE"} without WHERE changes every row of ${nameOf(table)}`,
        remedy: isUpdate
          ? `Add a condition that leaves out the rows that are already right, and change the rest in batches: -- drizzle-fleet: batch 5000 by id`
          : "Add a WHERE clause. If all rows must go, say so in the comment that allows the statement.",
        ...(small ? { severity: "info" as const } : {}),
      };
    });
  },
};

/** The changes without WHERE of tables that existed before the migration. */
export function withoutCondition({ kind, body, source, isNew }: LintedStatement): RowChange[] {
  return rowChangesOf(kind, body, source).filter(
    (change) =>
      /^(Update|Delete)Stmt$/.test(change.kind) &&
      change.body.whereClause === undefined &&
      change.body.fromClause === undefined &&
      change.body.usingClause === undefined &&
      !isNew(change.table),
  );
}

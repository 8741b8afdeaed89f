import { nameOf, type Rule } from "../rule.ts";
import { listOf, relationIn } from "../tree-parts.ts";

export const truncate: Rule = {
  id: "truncate",
  severity: "error",
  summary: "TRUNCATE removes all rows of a table",
  why: "It removes the rows of every tenant under an ACCESS EXCLUSIVE lock, which also blocks reads. A DELETE trigger does not run, and with CASCADE the tables that refer to this one lose their rows, too.",
  bad: [
    {
      before: `CREATE TABLE "sessions" ("id" integer PRIMARY KEY);`,
      sql: `TRUNCATE "sessions";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "sessions" ("id" integer PRIMARY KEY, "ends" timestamptz);`,
      sql: `-- drizzle-fleet: batch 5000 by id
DELETE FROM "sessions" WHERE "ends" < now();`,
    },
    {
      sql: `CREATE TABLE "sessions" ("id" integer PRIMARY KEY);
TRUNCATE "sessions";`,
    },
  ],
  find({ kind, body, source, isNew }) {
    if (kind !== "TruncateStmt") return [];
    const tables = listOf(body.relations)
      .map((one) => relationIn(one.RangeVar, source))
      .filter((table) => table !== undefined && !isNew(table));
    if (tables.length === 0) return [];
    const names = tables.map((table) => (table === undefined ? "" : nameOf(table))).join(", ");
    const cascades =
      body.behavior === "DROP_CASCADE" ? ", and those of all tables that refer to it" : "";
    return [
      {
        message: `all rows of ${names} are removed${cascades}`,
        remedy:
          "Remove the rows that are no longer needed: DELETE FROM ... WHERE ...; in batches, with -- drizzle-fleet: batch 5000 by id on the line above. If all rows must go, say so in the comment that allows the statement.",
      },
    ];
  },
};

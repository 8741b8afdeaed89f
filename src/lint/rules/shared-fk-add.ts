import { type LintedStatement, nameOf, type RelationName, type Rule } from "../rule.ts";
import { addedConstraints, relationIn } from "../tree-parts.ts";

export const sharedFkAdd: Rule = {
  id: "shared-fk-add",
  severity: "error",
  summary: "a tenant's table gets a foreign key to a shared table",
  why: "Adding a foreign key, also as part of CREATE TABLE, takes a SHARE ROW EXCLUSIVE lock on the table that it refers to. All tenants share that table: while one of them migrates, none can write to it, and the migrations of all others wait for the same lock. Dropping the key later even blocks reads of all tenants.",
  bad: [
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer REFERENCES "shared"."plans" ("id"));`,
    },
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer);`,
      sql: `ALTER TABLE "orders" ADD CONSTRAINT "orders_plan" FOREIGN KEY ("plan") REFERENCES "plans" ("id") NOT VALID;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "plans" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer REFERENCES "plans" ("id"));`,
    },
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer);
CREATE VIEW "planned" AS SELECT o."id" FROM "orders" o JOIN "shared"."plans" p ON p."id" = o."plan";`,
    },
  ],
  find(statement) {
    if (statement.allowance.singleSchema !== undefined) return [];
    const names = [...new Set(sharedTargets(statement).map(nameOf))];
    return names.map((name) => ({
      message: `the foreign key locks the shared table ${name} against writes of all tenants`,
      remedy:
        "Leave the foreign key out, and check the value in the application or with a trigger. If it must stay, keep the migration short and roll it out one tenant at a time: npx drizzle-fleet migrate --concurrency 1",
    }));
  },
};

/** The shared tables that new foreign keys refer to, by the parse tree and by the locks. */
function sharedTargets({ kind, body, source, effects }: LintedStatement): RelationName[] {
  const keys = addedConstraints(kind, body).filter(({ type }) => type === "CONSTR_FOREIGN");
  const named = keys.flatMap(({ constraint }) => relationIn(constraint.pktable, source) ?? []);
  if (keys.length === 0 && kind !== "DoStmt") return [];
  const locked = effects.locks.filter(({ mode }) => mode === "ShareRowExclusiveLock");
  return [...named, ...locked].filter(({ schema }) => schema !== undefined);
}

import { type LintedStatement, nameOf, type RelationName, type Rule } from "../rule.ts";
import { commandsOf, droppedObjects, relationIn, relationOfParts } from "../tree-parts.ts";

export const sharedFkDrop: Rule = {
  id: "shared-fk-drop",
  severity: "error",
  summary: "a foreign key to a shared table is dropped, by itself or with its table or column",
  why: "Dropping a foreign key takes an ACCESS EXCLUSIVE lock on the table that it refers to. All tenants share that table: until this tenant's migration commits, none of them can read it. This is also true for downgrade, and for removing a tenant that has such a key.",
  bad: [
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer REFERENCES "shared"."plans" ("id"));`,
      sql: `DROP TABLE "orders";`,
    },
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer REFERENCES "shared"."plans" ("id"));`,
      sql: `ALTER TABLE "orders" DROP COLUMN "plan";`,
    },
  ],
  good: [
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "plan" integer);`,
      sql: `ALTER TABLE "orders" DROP COLUMN "plan";`,
    },
  ],
  find(statement) {
    if (statement.allowance.singleSchema !== undefined) return [];
    const names = [...new Set(lockedTables(statement).map(nameOf))];
    return names.map((name) => ({
      message: `dropping the foreign key locks the shared table ${name} against reads and writes of all tenants`,
      remedy:
        "Put this statement into a migration of its own, so that the lock is held for an instant, and roll it out one tenant at a time, at a quiet time: npx drizzle-fleet migrate --concurrency 1",
    }));
  },
};

function lockedTables(statement: LintedStatement): RelationName[] {
  const { kind, body, source, trace, before } = statement;
  const commands = commandsOf(kind, body);
  const dropsPart = commands.some(({ subtype }) => /^AT_Drop(Column|Constraint)$/.test(subtype));
  if (kind !== "DropStmt" && kind !== "DoStmt" && !dropsPart) return [];
  const own = ownRelations(statement);
  if (trace !== undefined)
    return trace.locks.filter(
      (lock) =>
        lock.schema !== undefined &&
        "rp".includes(lock.kind) &&
        lock.mode === "AccessExclusiveLock" &&
        !own.some((one) => nameOf(one) === nameOf(lock)),
    );
  const table = relationIn(body.relation, source);
  return own.flatMap((one) =>
    (before?.get(nameOf(one))?.foreignKeys ?? [])
      .filter(
        (key) =>
          table === undefined ||
          commands.some(({ name = "" }) => key.name === name || key.columns.includes(name)),
      )
      .map(({ target }) => target)
      .filter(({ schema }) => schema !== undefined),
  );
}

/** The relations that the statement itself names. */
function ownRelations({ kind, body, source }: LintedStatement): RelationName[] {
  const table = relationIn(body.relation, source);
  if (table !== undefined) return [table];
  return droppedObjects(kind, body).flatMap(({ type, parts }) =>
    type === "TABLE" ? (relationOfParts(parts, source) ?? []) : [],
  );
}

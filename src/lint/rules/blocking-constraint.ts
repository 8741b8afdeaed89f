import { nameOf, type Rule, unlessSmall } from "../rule.ts";
import { addedConstraints, relationIn } from "../tree-parts.ts";

export const blockingConstraint: Rule = {
  id: "blocking-constraint",
  severity: "warning",
  summary: "a unique constraint, primary key or exclusion constraint builds its index under a lock",
  why: "ADD CONSTRAINT builds the index of the constraint while it holds an ACCESS EXCLUSIVE lock on the table: reads and writes wait until every row is sorted into it. A unique index that was built CONCURRENTLY can become the constraint in an instant.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "users_email_unique" UNIQUE ("email");`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer NOT NULL);`,
      sql: `ALTER TABLE "users" ADD PRIMARY KEY ("id");`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "email" text UNIQUE;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);
CREATE UNIQUE INDEX "users_email_unique" ON "users" ("email");`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "users_email_unique" UNIQUE USING INDEX "users_email_unique";`,
    },
    { sql: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text UNIQUE);` },
  ],
  find({ kind, body, source, isNew }, context) {
    const table = relationIn(body.relation, source);
    if (kind !== "AlterTableStmt" || table === undefined || isNew(table)) return [];
    return addedConstraints(kind, body)
      .filter(
        ({ type, constraint }) =>
          /^CONSTR_(UNIQUE|PRIMARY|EXCLUSION)$/.test(type) && constraint.indexname === undefined,
      )
      .map(({ type, constraint, columns }) => {
        const name = typeof constraint.conname === "string" ? constraint.conname : "<name>";
        const list = columns.map((column) => `"${column}"`).join(", ");
        const sort = type === "CONSTR_PRIMARY" ? "PRIMARY KEY" : "UNIQUE";
        return {
          message: `${nameOf(table)} can be neither read nor written while the index of the constraint is built`,
          remedy:
            type === "CONSTR_EXCLUSION"
              ? "An exclusion constraint cannot be added otherwise. Add it when the table is small, or to a new table that replaces this one."
              : `Build the index first, then make it the constraint: CREATE UNIQUE INDEX CONCURRENTLY "${name}" ON "${table.name}" (${list}); ALTER TABLE "${table.name}" ADD CONSTRAINT "${name}" ${sort} USING INDEX "${name}";`,
          ...unlessSmall([{ ...table, kind: "r" }], context),
        };
      });
  },
};

import { nameOf, type Rule } from "../rule.ts";
import { addedConstraints, relationIn } from "../tree-parts.ts";

export const unindexedFk: Rule = {
  id: "unindexed-fk",
  severity: "info",
  summary: "a foreign key has no index on its columns",
  why: "PostgreSQL does not create an index on the columns of a foreign key. Without one, each DELETE and each change of the key in the other table reads this table completely, and holds a row lock meanwhile.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "posts" ("id" integer PRIMARY KEY, "author" integer REFERENCES "users" ("id"));`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);
CREATE TABLE "posts" ("id" integer PRIMARY KEY, "author" integer);`,
      sql: `ALTER TABLE "posts" ADD CONSTRAINT "posts_author" FOREIGN KEY ("author") REFERENCES "users" ("id") NOT VALID;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "posts" ("id" integer PRIMARY KEY, "author" integer REFERENCES "users" ("id"));
CREATE INDEX "posts_by_author" ON "posts" ("author", "id");`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "profiles" ("user" integer PRIMARY KEY REFERENCES "users" ("id"));`,
    },
  ],
  find({ kind, body, source, after }) {
    const table = relationIn(body.relation, source);
    const indexes = table && after?.get(nameOf(table))?.indexes;
    if (table === undefined || indexes === undefined) return [];
    const isIndexed = (columns: readonly string[]) =>
      indexes.some(
        (index) =>
          !index.partial &&
          columns.every((column) => index.columns.slice(0, columns.length).includes(column)),
      );
    return addedConstraints(kind, body)
      .filter(({ type, columns }) => type === "CONSTR_FOREIGN" && !isIndexed(columns))
      .map(({ columns }) => {
        const list = columns.map((column) => `"${column}"`).join(", ");
        return {
          message: `the foreign key on ${nameOf(table)} (${columns.join(", ")}) has no index`,
          remedy: `If rows of the other table are deleted, add an index: CREATE INDEX ON "${table.name}" (${list}); in Drizzle: index().on(${columns.map((column) => `table.${column}`).join(", ")})`,
        };
      });
  },
};

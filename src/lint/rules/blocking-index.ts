import { optionOf } from "../../sql/tree.ts";
import { tableOfIndex } from "../effects.ts";
import { type LintedStatement, nameOf, type Rule, unlessSmall } from "../rule.ts";
import type { TracedRelation } from "../schema.ts";
import { droppedObjects } from "../tree-parts.ts";

export const blockingIndex: Rule = {
  id: "blocking-index",
  severity: "warning",
  summary: "an index or a materialized view is built or dropped without CONCURRENTLY",
  why: "CREATE INDEX blocks writes to the table until the index is built; DROP INDEX, REINDEX and REFRESH MATERIALIZED VIEW also block reads. With CONCURRENTLY the application goes on, but the statement takes longer and waits for the transactions of all other tenants in the database. For small tables, the plain form is better: set their sizes in the configuration, or lint with a database.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `CREATE INDEX "orders_total" ON "orders" ("total");`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);
CREATE INDEX "orders_total" ON "orders" ("total");`,
      sql: `DROP INDEX "orders_total";`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `REINDEX TABLE "orders";`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);
CREATE MATERIALIZED VIEW "counted" AS SELECT count(*) AS "n" FROM "orders";`,
      sql: `REFRESH MATERIALIZED VIEW "counted";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `CREATE INDEX CONCURRENTLY "orders_total" ON "orders" ("total");`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);
CREATE INDEX "orders_total" ON "orders" ("total");`,
      sql: `DROP INDEX CONCURRENTLY "orders_total";`,
    },
    {
      sql: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);
CREATE INDEX "orders_total" ON "orders" ("total");`,
    },
  ],
  find(statement, context) {
    const { kind, body } = statement;
    if (body.concurrent === true || optionOf(body.params, "concurrently") !== undefined) return [];
    const index = droppedObjects(kind, body).find(({ type }) => type === "INDEX");
    if (index === undefined && !/^(Index|Reindex|RefreshMatView)Stmt$/.test(kind)) return [];
    const tables = lockedTables(statement, index?.parts.at(-1));
    return tables.slice(0, 1).map((table) => ({
      ...textOf(kind, table, statement),
      ...unlessSmall(tables, context),
    }));
  },
};

/** The tables whose writes wait. Materialized views stand for themselves. */
function lockedTables(
  { kind, effects, before, isNew }: LintedStatement,
  index: string | undefined,
): TracedRelation[] {
  const kinds = kind === "RefreshMatViewStmt" ? "m" : "rpm";
  const locked = effects.locks.filter(
    (lock) => kinds.includes(lock.kind) && !/^(Access|Row)Share/.test(lock.mode),
  );
  if (locked.length > 0 || index === undefined) return locked;
  const table = tableOfIndex(index, before);
  return table === undefined || isNew(table) ? [] : [{ kind: "r", ...table }];
}

function textOf(kind: string, table: TracedRelation, { body }: LintedStatement) {
  const name = nameOf(table);
  if (kind === "IndexStmt" && table.kind === "p")
    return {
      message: `writes to ${name} wait until the index is built in all its partitions`,
      remedy: `Create it without the partitions: CREATE INDEX ... ON ONLY "${table.name}" (...); then in each partition with CREATE INDEX CONCURRENTLY, and ATTACH each of them.`,
    };
  if (kind === "IndexStmt") {
    const unique = body.unique === true ? "UNIQUE INDEX" : "INDEX";
    return {
      message: `writes to ${name} wait until the index is built`,
      remedy: `Write CREATE ${unique} CONCURRENTLY ${body.idxname ? `"${body.idxname}" ` : ""}ON "${table.name}" (...); in Drizzle: .concurrently() on the index.`,
    };
  }
  if (kind === "DropStmt")
    return {
      message: `dropping the index locks ${name} against reads and writes`,
      remedy: "Write DROP INDEX CONCURRENTLY ...; with one index in each statement.",
    };
  if (kind === "ReindexStmt")
    return {
      message: `${name} is locked while its indexes are built anew`,
      remedy: `Write REINDEX TABLE CONCURRENTLY "${table.name}";`,
    };
  return {
    message: `${name} cannot be read while it is built anew`,
    remedy: `Give it a unique index, and write REFRESH MATERIALIZED VIEW CONCURRENTLY "${table.name}";`,
  };
}

import { nameOf, type RelationName, type Rule } from "../rule.ts";
import { commandsOf, droppedObjects, relationIn, relationOfParts } from "../tree-parts.ts";

export const published: Rule = {
  id: "published",
  severity: "warning",
  summary: "the columns of a table change that a publication replicates",
  why: "Logical replication copies rows, not DDL. When the publisher has a column that the subscriber lacks, or another type or name, the subscription stops with an error, and the publisher keeps its log until it goes on, which can fill the disk.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      server: `CREATE PUBLICATION "everything" FOR ALL TABLES;`,
      sql: `ALTER TABLE "orders" ADD COLUMN "total" integer;`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "sum" integer);`,
      server: `CREATE PUBLICATION "everything" FOR ALL TABLES;`,
      sql: `ALTER TABLE "orders" RENAME COLUMN "sum" TO "total";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      server: `CREATE PUBLICATION "everything" FOR ALL TABLES;`,
      sql: `CREATE INDEX CONCURRENTLY "orders_by_id" ON "orders" ("id");`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "orders" ADD COLUMN "total" integer;`,
    },
  ],
  find({ kind, body, source, before, isNew }, { publicationsOf }) {
    const changes = commandsOf(kind, body).some(({ subtype }) =>
      /^AT_(AddColumn|DropColumn|AlterColumnType)$/.test(subtype),
    );
    const renames = kind === "RenameStmt" && /TABLE|COLUMN/.test(String(body.renameType));
    const table = changes || renames ? relationIn(body.relation, source) : undefined;
    const tables: RelationName[] = [
      ...(table === undefined ? [] : [table]),
      ...droppedObjects(kind, body).flatMap(({ type, parts }) =>
        type === "TABLE" ? (relationOfParts(parts, source) ?? []) : [],
      ),
    ];
    return tables.flatMap((one) => {
      if (isNew(one)) return [];
      const own = before?.get(nameOf(one))?.publications ?? [];
      const names = [...new Set([...own, ...(publicationsOf?.(one) ?? [])])];
      if (names.length === 0) return [];
      return [
        {
          message: `${nameOf(one)} is replicated by the publication ${names.join(", ")}, and the subscribers do not get this change`,
          remedy:
            "Change the subscribers first: add new columns there before, and drop old ones there after this migration.",
        },
      ];
    });
  },
};

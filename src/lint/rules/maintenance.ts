import { blocksWrites, nameOf, type Rule } from "../rule.ts";

export const maintenance: Rule = {
  id: "maintenance",
  severity: "error",
  summary: "VACUUM FULL, CLUSTER or LOCK TABLE blocks a table for a long time",
  why: "VACUUM FULL and CLUSTER write the whole table anew under an ACCESS EXCLUSIVE lock, and change nothing about the schema: they belong into maintenance, not into a migration that every tenant runs. LOCK TABLE keeps its lock until the migration commits.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `VACUUM FULL "orders";`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `CLUSTER "orders" USING "orders_pkey";`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `LOCK TABLE "orders" IN EXCLUSIVE MODE;`,
    },
  ],
  good: [
    { before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`, sql: `ANALYZE "orders";` },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `LOCK TABLE "orders" IN ROW EXCLUSIVE MODE;`,
    },
  ],
  find({ kind, effects }) {
    if (!/^(Vacuum|Cluster|Lock)Stmt$/.test(kind)) return [];
    const blocked = effects.locks.filter(
      ({ mode, kind: type }) => blocksWrites.has(mode) && "rpm".includes(type),
    );
    if (blocked.length === 0) return [];
    const names = blocked.map(nameOf).join(", ");
    return [
      kind === "LockStmt"
        ? {
            message: `${names} stays locked until the migration commits`,
            remedy:
              "Remove LOCK TABLE: each statement takes the lock that it needs, and drizzle-fleet runs each tenant once.",
          }
        : {
            message: `${names} is written anew and can be neither read nor written meanwhile`,
            remedy:
              "Remove the statement. To free space while the application goes on, run VACUUM, or the pg_repack extension, outside of migrations.",
          },
    ];
  },
};

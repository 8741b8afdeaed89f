import { blocksWrites, nameOf, type Rule } from "../rule.ts";

export const scanWhileLocked: Rule = {
  id: "scan-while-locked",
  severity: "warning",
  summary: "a statement reads a whole table while it blocks writes to it",
  why: "To check what every row contains, PostgreSQL reads the whole table, and other sessions wait for its lock meanwhile. A constraint that is added NOT VALID takes its lock for an instant; VALIDATE CONSTRAINT then checks the rows while the application goes on.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);`,
      sql: `ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18);`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18) NOT VALID;`,
    },
  ],
  find({ trace, kind }, { sizeOf, smallBytes }) {
    if (trace === undefined || kind === "IndexStmt") return [];
    const rewritten = new Set(trace.rewritten.map(nameOf));
    const locked = new Set(
      trace.locks.flatMap((lock) => (blocksWrites.has(lock.mode) ? nameOf(lock) : [])),
    );
    return trace.scanned
      .filter((table) => locked.has(nameOf(table)) && !rewritten.has(nameOf(table)))
      .map((table) => {
        const size = sizeOf(table);
        const isSmall = size !== undefined && size <= smallBytes;
        return {
          message: `${nameOf(table)} is read completely while its lock blocks other sessions`,
          remedy:
            "Add the constraint NOT VALID in this migration, and VALIDATE it in a later one. For NOT NULL: add CHECK (column IS NOT NULL) NOT VALID, validate it, then SET NOT NULL, which needs no scan then.",
          ...(isSmall
            ? { severity: "info" as const }
            : size === undefined
              ? {}
              : { severity: "error" as const }),
        };
      });
  },
};

import type { Rule } from "../rule.ts";

export const opaque: Rule = {
  id: "opaque",
  severity: "info",
  summary: "the parse tree does not show what a DO block or a procedure does",
  why: "Rules that read the statement's text see nothing inside of a DO block or a procedure. The rules about locks, rewrites and scans go by what it did when it was run on empty tables: a loop over rows, or a branch that depends on them, did nothing there.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `DO $$ BEGIN EXECUTE 'ALTER TABLE orders ADD COLUMN total integer'; END $$;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "orders" ADD COLUMN "total" integer;`,
    },
  ],
  find({ kind, trace }) {
    if (kind !== "DoStmt" && kind !== "CallStmt") return [];
    return [
      {
        message:
          trace === undefined
            ? "what the statement does is not known: it was not run"
            : "what the statement does is only known from running it on empty tables",
        remedy:
          "Where possible, write plain statements: IF NOT EXISTS and IF EXISTS instead of a block that ignores errors.",
      },
    ];
  },
};

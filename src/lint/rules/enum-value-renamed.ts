import { stringsOf } from "../../sql/tree.ts";
import type { Rule } from "../rule.ts";

export const enumValueRenamed: Rule = {
  id: "enum-value-renamed",
  severity: "error",
  summary: "a value of an enum is renamed",
  why: "Programs of the previous release still write and compare the old value, which PostgreSQL then refuses with an error, also in queries that only read. Add the new value, write it in the next release, and leave the old one.",
  bad: [
    {
      before: `CREATE TYPE "state" AS ENUM('new', 'old');`,
      sql: `ALTER TYPE "state" RENAME VALUE 'old' TO 'done';`,
    },
  ],
  good: [
    {
      before: `CREATE TYPE "state" AS ENUM('new', 'old');`,
      sql: `ALTER TYPE "state" ADD VALUE 'done' AFTER 'old';`,
    },
    {
      sql: `CREATE TYPE "state" AS ENUM('new', 'old');
ALTER TYPE "state" RENAME VALUE 'old' TO 'done';`,
    },
  ],
  find({ kind, body, all }) {
    if (kind !== "AlterEnumStmt" || typeof body.oldVal !== "string") return [];
    const name = stringsOf(body.typeName)?.at(-1) ?? "";
    const isNew = all.some(
      (one) => one.kind === "CreateEnumStmt" && stringsOf(one.body.typeName)?.at(-1) === name,
    );
    if (isNew) return [];
    return [
      {
        message: `programs of the previous release still use the value '${body.oldVal}' of ${name}`,
        remedy: `Add the new value: ALTER TYPE "${name}" ADD VALUE '${body.newVal}' AFTER '${body.oldVal}'; write it in the next release, and change the rows in batches.`,
      },
    ];
  },
};

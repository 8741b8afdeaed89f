import type { Tree } from "../../sql/parser.ts";
import { releasedBefore } from "../declared.ts";
import { type LintedStatement, nameOf, type Rule } from "../rule.ts";
import { columnConstraints, commandsOf, relationIn, typeNameOf } from "../tree-parts.ts";

export const requiredColumn: Rule = {
  id: "required-column",
  severity: "error",
  summary: "a new column of an existing table is NOT NULL without a default",
  why: "PostgreSQL refuses to add such a column to a table with rows, so the migration fails in every tenant that has some. If the rows are filled first, programs of the previous release, which do not know the column, can no longer insert rows.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "email" text NOT NULL;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "email" text;
UPDATE "users" SET "email" = '' WHERE "email" IS NULL;
ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "email" text NOT NULL DEFAULT '';
ALTER TABLE "users" ALTER COLUMN "email" DROP DEFAULT;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "email" text NOT NULL DEFAULT '';`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "email" text;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "number" bigint GENERATED ALWAYS AS IDENTITY;`,
    },
    {
      sql: `CREATE TABLE "users" ("id" integer PRIMARY KEY);
ALTER TABLE "users" ADD COLUMN "email" text NOT NULL;`,
    },
  ],
  find(statement, context) {
    const { kind, body, source, isNew, before, after } = statement;
    const table = relationIn(body.relation, source);
    if (table === undefined || isNew(table)) return [];
    const known = releasedBefore(statement, context)?.get(table.name);
    const remedy = (column: string, type: string) =>
      `Give the column a default: ALTER TABLE "${table.name}" ADD COLUMN "${column}" ${type} NOT NULL DEFAULT <value>; in Drizzle: .notNull().default(<value>). Or add it without NOT NULL, fill it, and make it NOT NULL in the release after the one that writes it.`;
    return commandsOf(kind, body).flatMap(({ subtype, name = "", def }) => {
      const place = nameOf(table);
      if (subtype === "AT_AddColumn" && isRequired(def)) {
        const column = String(def.colname);
        if (before?.get(place)?.columns.some((one) => one.name === column)) return [];
        return [
          {
            message: `${place}.${column} is NOT NULL without a default: the statement fails in every tenant with rows in ${place}`,
            remedy: remedy(column, typeNameOf(def)),
          },
        ];
      }
      const isEnd = subtype === "AT_SetNotNull" || isDropDefault(subtype, def);
      const column = after?.get(place)?.columns.find((one) => one.name === name);
      if (!isEnd || known === undefined || known.has(name) || column === undefined) return [];
      if (!column.notNull || column.filled || isSetLater(statement, subtype, name)) return [];
      return [
        {
          message: `${place}.${name} is required, but programs of the previous release do not know it and cannot insert rows`,
          remedy: remedy(name, column.type),
        },
      ];
    });
  },
};

function isRequired(column: Tree): boolean {
  const types = columnConstraints(column).map(({ contype }) => String(contype));
  if (/^(small|big)?serial[248]?$/.test(typeNameOf(column))) return false;
  return (
    types.some((type) => /^CONSTR_(NOTNULL|PRIMARY)$/.test(type)) &&
    !types.some((type) => /^CONSTR_(DEFAULT|IDENTITY|GENERATED)$/.test(type))
  );
}

function isDropDefault(subtype: string, def: Tree): boolean {
  return subtype === "AT_ColumnDefault" && Object.keys(def).length === 0;
}

/** True if a later statement of the migration reports the same column: it is reported once. */
function isSetLater(statement: LintedStatement, subtype: string, column: string): boolean {
  if (subtype === "AT_SetNotNull") return false;
  return statement.all.some(({ kind, body }) =>
    commandsOf(kind, body).some((one) => one.subtype === "AT_SetNotNull" && one.name === column),
  );
}

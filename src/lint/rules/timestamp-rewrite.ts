import { nameOf, type Rule } from "../rule.ts";
import { commandsOf, relationIn, typeNameOf } from "../tree-parts.ts";

export const timestampRewrite: Rule = {
  id: "timestamp-rewrite",
  severity: "warning",
  summary: "a change between timestamp and timestamptz depends on the time zone of the session",
  why: "PostgreSQL converts the values with the TimeZone of the session that runs the migration. drizzle-fleet sets it to UTC, in which the change needs no rewrite; but values that the application wrote as local time are then wrong by the offset. In another session, such as psql, the same statement writes the whole table anew and gives other values.",
  bad: [
    {
      before: `CREATE TABLE "events" ("id" integer PRIMARY KEY, "at" timestamp);`,
      sql: `ALTER TABLE "events" ALTER COLUMN "at" SET DATA TYPE timestamp with time zone;`,
    },
    {
      before: `CREATE TABLE "events" ("id" integer PRIMARY KEY, "at" timestamptz);`,
      sql: `ALTER TABLE "events" ALTER COLUMN "at" TYPE timestamp;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "events" ("id" integer PRIMARY KEY, "at" timestamp);`,
      sql: `ALTER TABLE "events" ALTER COLUMN "at" TYPE timestamp with time zone USING "at" AT TIME ZONE 'UTC';`,
    },
    {
      before: `CREATE TABLE "events" ("id" integer PRIMARY KEY, "at" timestamp(3));`,
      sql: `ALTER TABLE "events" ALTER COLUMN "at" TYPE timestamp;`,
    },
  ],
  find({ kind, body, source, before, isNew }) {
    const table = relationIn(body.relation, source);
    if (table === undefined || isNew(table)) return [];
    return commandsOf(kind, body).flatMap(({ subtype, name, def }) => {
      if (subtype !== "AT_AlterColumnType" || def.raw_default !== undefined) return [];
      const type = typeNameOf(def);
      if (type !== "timestamp" && type !== "timestamptz") return [];
      const old = before?.get(nameOf(table))?.columns.find((column) => column.name === name)?.type;
      const isZoned = old?.endsWith("with time zone");
      if (old !== undefined && !old.startsWith("timestamp")) return [];
      if (isZoned === (type === "timestamptz")) return [];
      return [
        {
          message: `the values of ${nameOf(table)}.${name} are converted with the session's time zone`,
          remedy: `Name the time zone of the stored values: ALTER TABLE "${table.name}" ALTER COLUMN "${name}" TYPE ${type} USING "${name}" AT TIME ZONE 'UTC'; which writes the table anew. If all values are in UTC and only drizzle-fleet runs the migration, allow this statement.`,
        },
      ];
    });
  },
};

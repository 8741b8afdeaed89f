import { longestName } from "../../core/sendable.ts";
import { codeTokens } from "../../sql/parser.ts";
import type { Rule } from "../rule.ts";

export const longName: Rule = {
  id: "long-name",
  severity: "error",
  summary: "a name is longer than the 63 bytes that PostgreSQL keeps",
  why: "PostgreSQL cuts a longer name, with a notice that is easily missed. Two names that differ only after 63 bytes are then the same one, and drizzle-kit, which remembers the complete name, finds a difference between the schema and the database.",
  bad: [
    {
      sql: `CREATE TABLE "orders" ("id" integer CONSTRAINT "orders_of_customers_in_the_old_region_with_a_delivery_address_id_pk" PRIMARY KEY);`,
    },
  ],
  good: [
    { sql: `CREATE TABLE "orders" ("id" integer CONSTRAINT "orders_key" PRIMARY KEY);` },
    {
      sql: `CREATE TABLE "notes" ("text" text DEFAULT 'a text, unlike a name, can be as long as you like, and nothing of it is cut');`,
    },
  ],
  find({ statement }) {
    if (Buffer.byteLength(statement.original) <= longestName) return [];
    const names = codeTokens(statement.original)
      .filter(({ kind, text }) => kind === "other" && /^["\p{L}_]/u.test(text))
      .map(({ text }) => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text));
    const long = new Set(names.filter((name) => Buffer.byteLength(name) > longestName));
    return [...long].map((name) => ({
      message: `PostgreSQL cuts "${name}" to 63 bytes`,
      remedy: `Give it a shorter name; in Drizzle, name it yourself: foreignKey({ name: "<short>", ... }), index("<short>"), unique("<short>"), primaryKey({ name: "<short>", ... })`,
    }));
  },
};

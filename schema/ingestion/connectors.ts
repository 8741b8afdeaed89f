// Connectors: configured access to a system that documents are read from.
import { sql } from "drizzle-orm";
import { boolean, check, jsonb, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";

import { createdAt, updatedAt } from "./columns.ts";
import { connectorKind } from "./enums.ts";

export const connectors = pgTable(
  "connectors",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    kind: connectorKind("kind").notNull(),
    name: text("name").notNull(),
    config: jsonb("config").$type<Record<string, unknown>>().notNull().default({}),
    /** A reference to the secret, never the secret itself. */
    secretRef: text("secret_ref"),
    enabled: boolean("enabled").notNull().default(true),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex("connectors_name_key").on(sql`lower(${table.name})`),
    check("connectors_name_not_blank", sql`btrim(${table.name}) <> ''`),
  ],
);

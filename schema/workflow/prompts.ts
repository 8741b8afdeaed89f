// Prompt templates. A change is a new row, so that a run can always be traced to its exact text.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  check,
  customType,
  index,
  integer,
  pgTable,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt } from "./columns.ts";

const tsvector = customType<{ data: string }>({
  dataType() {
    return "tsvector";
  },
});

export const prompts = pgTable(
  "prompts",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    supersedesId: uuid("supersedes_id").references((): AnyPgColumn => prompts.id, {
      onDelete: "set null",
    }),
    name: text("name").notNull(),
    revision: integer("revision").notNull().default(1),
    template: text("template").notNull(),
    variables: text("variables").array().notNull().default([]),
    search: tsvector("search")
      .notNull()
      .generatedAlwaysAs(sql`to_tsvector('english', name || ' ' || template)`),
    createdBy: uuid("created_by").notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    unique("prompts_name_revision_key").on(table.name, table.revision),
    index("prompts_search_idx").using("gin", table.search),
    index("prompts_supersedes_id_idx").on(table.supersedesId),
    check("prompts_revision_positive", sql`${table.revision} > 0`),
  ],
);

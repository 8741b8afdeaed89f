// The parts of documents that are searched and passed to models.
import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  real,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt } from "./columns.ts";
import { documents } from "./documents.ts";
import { tsvector } from "./tsvector.ts";

export const chunks = pgTable(
  "chunks",
  {
    id: bigint("id", { mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    documentId: uuid("document_id")
      .notNull()
      .references(() => documents.id, { onDelete: "cascade" }),
    ordinal: integer("ordinal").notNull(),
    heading: text("heading").notNull().default(""),
    content: text("content").notNull(),
    contentLength: integer("content_length").notNull().generatedAlwaysAs(sql`char_length(content)`),
    tokenCount: integer("token_count").notNull().default(0),
    embedding: real("embedding").array(),
    embeddingModel: text("embedding_model"),
    attributes: jsonb("attributes").$type<Record<string, unknown>>().notNull().default({}),
    /** Words in the heading weigh more than words in the text. */
    search: tsvector("search")
      .notNull()
      .generatedAlwaysAs(
        sql`setweight(to_tsvector('english', heading), 'A') || to_tsvector('english', content)`,
      ),
    createdAt: createdAt(),
  },
  (table) => [
    unique("chunks_document_ordinal_key").on(table.documentId, table.ordinal),
    index("chunks_search_idx").using("gin", table.search).concurrently(),
    index("chunks_without_embedding_idx").on(table.id).where(sql`${table.embedding} is null`),
    check("chunks_ordinal_not_negative", sql`${table.ordinal} >= 0`),
    check(
      "chunks_embedding_has_model",
      sql`(${table.embedding} is null) = (${table.embeddingModel} is null)`,
    ),
  ],
);

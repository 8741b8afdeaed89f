// Documents found in a source, as they were when last read.
import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { ingestionJobs } from "./ingestion-jobs.ts";
import { sources } from "./sources.ts";

export const documents = pgTable(
  "documents",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    sourceId: uuid("source_id")
      .notNull()
      .references(() => sources.id, { onDelete: "cascade" }),
    /** An attachment belongs to another document of the same source. */
    parentId: uuid("parent_id"),
    lastJobId: uuid("last_job_id"),
    externalId: text("external_id").notNull(),
    uri: text("uri").notNull(),
    host: text("host").generatedAlwaysAs(
      sql`lower(substring(uri from '^[a-z0-9+.-]+://([^/:]+)'))`,
    ),
    title: text("title").notNull().default(""),
    mimeType: text("mime_type").notNull().default("text/plain"),
    byteSize: bigint("byte_size", { mode: "number" }).notNull().default(0),
    checksum: text("checksum"),
    chunkCount: integer("chunk_count").notNull().default(0),
    labels: text("labels").array().notNull().default([]),
    metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
    modifiedAt: timestamptz("modified_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: timestamptz("deleted_at"),
  },
  (table) => [
    unique("documents_source_id_key").on(table.sourceId, table.id),
    unique("documents_source_external_id_key").on(table.sourceId, table.externalId),
    foreignKey({
      name: "documents_parent_fk",
      columns: [table.sourceId, table.parentId],
      foreignColumns: [table.sourceId, table.id],
    }).onDelete("cascade"),
    foreignKey({
      name: "documents_last_job_fk",
      columns: [table.sourceId, table.lastJobId],
      foreignColumns: [ingestionJobs.sourceId, ingestionJobs.id],
    }),
    index("documents_parent_idx").on(table.sourceId, table.parentId),
    index("documents_last_job_idx").on(table.sourceId, table.lastJobId),
    index("documents_host_idx").on(table.host),
    index("documents_labels_idx").using("gin", table.labels),
    index("documents_metadata_idx").using("gin", table.metadata.op("jsonb_path_ops")),
    index("documents_modified_at_idx")
      .on(table.sourceId, table.modifiedAt.desc())
      .where(sql`${table.deletedAt} is null`),
    check("documents_byte_size_not_negative", sql`${table.byteSize} >= 0`),
    check("documents_checksum_is_sha256", sql`${table.checksum} ~ '^[0-9a-f]{64}$'`),
    check("documents_not_own_parent", sql`${table.parentId} <> ${table.id}`),
  ],
);

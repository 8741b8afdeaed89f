// How much of every source has been read.
import { and, count, eq, isNull, max, sql, sum } from "drizzle-orm";
import { pgView } from "drizzle-orm/pg-core";

import { documents } from "./documents.ts";
import { sources } from "./sources.ts";

export const sourceProgress = pgView("source_progress").as((qb) =>
  qb
    .select({
      sourceId: sql<string>`${sources.id}`.as("source_id"),
      tenant: sources.tenant,
      name: sources.name,
      documentCount: count(documents.id).as("document_count"),
      chunkCount: sql<number>`coalesce(${sum(documents.chunkCount)}, 0)`
        .mapWith(Number)
        .as("chunk_count"),
      byteSize: sql<number>`coalesce(${sum(documents.byteSize)}, 0)`
        .mapWith(Number)
        .as("byte_size"),
      lastModifiedAt: max(documents.modifiedAt).as("last_modified_at"),
    })
    .from(sources)
    .leftJoin(documents, and(eq(documents.sourceId, sources.id), isNull(documents.deletedAt)))
    .groupBy(sources.id),
);

-- The number of chunks is kept with the document from now on, and every source gets the cursor
-- that its newest document implies.
UPDATE "documents"
SET "chunk_count" = "counted"."chunk_count"
FROM (
  SELECT "document_id", count(*) AS "chunk_count"
  FROM "chunks"
  GROUP BY "document_id"
) AS "counted"
WHERE "counted"."document_id" = "documents"."id";
--> statement-breakpoint
INSERT INTO "sync_cursors" ("source_id", "stream", "position", "synced_at")
SELECT
  "sources"."id",
  'documents',
  jsonb_strip_nulls(jsonb_build_object('modifiedAfter', max("documents"."modified_at"))),
  max("documents"."updated_at")
FROM "sources"
LEFT JOIN "documents" ON "documents"."source_id" = "sources"."id"
GROUP BY "sources"."id"
ON CONFLICT ("source_id", "stream") DO NOTHING;

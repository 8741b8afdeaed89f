-- Takes back the cursors that the newest documents still imply: the migration would make them again
-- just so. Any other has moved since, or somebody made it, and stays.
DELETE FROM "sync_cursors"
USING (
  SELECT
    "sources"."id" AS "source_id",
    jsonb_strip_nulls(jsonb_build_object('modifiedAfter', max("documents"."modified_at"))) AS "position",
    max("documents"."updated_at") AS "synced_at"
  FROM "sources"
  LEFT JOIN "documents" ON "documents"."source_id" = "sources"."id"
  GROUP BY "sources"."id"
) AS "implied"
WHERE "implied"."source_id" = "sync_cursors"."source_id"
  AND "sync_cursors"."stream" = 'documents'
  AND "sync_cursors"."generation" = 1
  AND "sync_cursors"."position" = "implied"."position"
  AND "sync_cursors"."synced_at" IS NOT DISTINCT FROM "implied"."synced_at";
--> statement-breakpoint
-- The number of chunks is no longer kept with the document: back to the default of its column.
UPDATE "documents"
SET "chunk_count" = 0
FROM (
  SELECT "document_id", count(*) AS "chunk_count"
  FROM "chunks"
  GROUP BY "document_id"
) AS "counted"
WHERE "counted"."document_id" = "documents"."id"
  AND "documents"."chunk_count" = "counted"."chunk_count";

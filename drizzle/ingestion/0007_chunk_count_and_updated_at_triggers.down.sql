-- updated_at and documents.chunk_count are up to the application again.
DROP TRIGGER "documents_touch_updated_at" ON "documents";
--> statement-breakpoint
DROP TRIGGER "sources_touch_updated_at" ON "sources";
--> statement-breakpoint
DROP TRIGGER "connectors_touch_updated_at" ON "connectors";
--> statement-breakpoint
DROP FUNCTION "touch_updated_at"();
--> statement-breakpoint
DROP TRIGGER "chunks_count" ON "chunks";
--> statement-breakpoint
DROP FUNCTION "chunks_count"();

ALTER TABLE "sync_cursors" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "sync_cursors" CASCADE;--> statement-breakpoint
DROP INDEX "documents_host_idx";--> statement-breakpoint
ALTER TABLE "documents" DROP COLUMN "host";--> statement-breakpoint
ALTER TABLE "documents" DROP COLUMN "chunk_count";

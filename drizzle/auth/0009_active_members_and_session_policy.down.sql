ALTER TABLE "sessions" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP VIEW "public"."active_members";--> statement-breakpoint
DROP POLICY "sessions_own_rows" ON "sessions" CASCADE;

ALTER TABLE "approvals" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP MATERIALIZED VIEW "public"."workflow_daily_stats";--> statement-breakpoint
DROP POLICY "approvals_own_inbox" ON "approvals" CASCADE;

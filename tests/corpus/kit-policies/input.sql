ALTER TABLE "public"."note" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "read" ON "public"."note" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "write" ON "public"."note" AS RESTRICTIVE FOR ALL TO "public" USING (owner = current_user) WITH CHECK ("public"."note"."public" IS NOT NULL);--> statement-breakpoint
ALTER POLICY "read" ON "public"."note" TO public USING ("owner" = current_setting('app.user'));--> statement-breakpoint
ALTER POLICY "read" ON "public"."note" RENAME TO "public";--> statement-breakpoint
DROP POLICY "public" ON "public"."note" CASCADE;--> statement-breakpoint
ALTER TABLE "public"."note" DISABLE ROW LEVEL SECURITY;

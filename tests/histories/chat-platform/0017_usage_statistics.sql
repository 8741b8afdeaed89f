CREATE STATISTICS "public"."usage_user_kind" (dependencies, ndistinct) ON "user_id", "kind" FROM "public"."usage_events_2024";
--> statement-breakpoint
CREATE STATISTICS public.usage_expr ON (lower(kind)), (public.slugify(kind)) FROM public.usage_events_2025;
--> statement-breakpoint
COMMENT ON STATISTICS public.usage_user_kind IS 'kinds go with users';
--> statement-breakpoint
ALTER STATISTICS public.usage_user_kind SET STATISTICS 200;
--> statement-breakpoint
ANALYZE public.usage_events_2024, public.usage_events_2025 (kind);
--> statement-breakpoint
ALTER TABLE public.usage_events_rest SET (fillfactor = 70, autovacuum_enabled = false);
--> statement-breakpoint
ALTER TABLE ONLY public.usage_events ALTER COLUMN kind SET STATISTICS 50;

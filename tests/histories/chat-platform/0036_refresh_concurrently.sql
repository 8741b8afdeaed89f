REFRESH MATERIALIZED VIEW CONCURRENTLY "public"."daily_usage";
--> statement-breakpoint
REINDEX TABLE public.daily_usage;
--> statement-breakpoint
BEGIN TRANSACTION;
LOCK TABLE public.messages, ONLY public.topics IN SHARE ROW EXCLUSIVE MODE;
ALTER TABLE public.messages DISABLE TRIGGER USER;
UPDATE public.messages SET content = replace(content, 'hello', 'public.hello');
ALTER TABLE public.messages ENABLE TRIGGER USER;
COMMIT;
--> statement-breakpoint
TRUNCATE TABLE public.archived_messages, public.chunks RESTART IDENTITY;

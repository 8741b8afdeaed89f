ALTER TYPE public.thread_type RENAME VALUE 'standalone' TO 'stand-alone';--> statement-breakpoint
ALTER TYPE public.thread_type RENAME TO thread_kind;--> statement-breakpoint
COMMENT ON TYPE "public"."thread_kind" IS 'was "public"."thread_type"';--> statement-breakpoint
ALTER TABLE public.usage_events DETACH PARTITION public.usage_events_rest;--> statement-breakpoint
ALTER TABLE public.usage_events_rest RENAME TO usage_events_unsorted;--> statement-breakpoint
CREATE TRIGGER topics_truncate BEFORE TRUNCATE ON public.topics EXECUTE FUNCTION public.write_audit('truncate');--> statement-breakpoint
ALTER TABLE public.topics DISABLE TRIGGER topics_truncate;--> statement-breakpoint
CREATE OR REPLACE VIEW public.task_summary AS SELECT status, count(*) AS total, max(public.async_tasks.duration) AS longest FROM public.async_tasks GROUP BY status;--> statement-breakpoint
INSERT INTO public.threads (id, type, topic_id) SELECT 'thr_3_' || id, 'stand-alone'::public.thread_kind, id FROM public.topics;

CREATE TYPE "public"."thread_type" AS ENUM('continuation', 'standalone');--> statement-breakpoint
CREATE TABLE "threads" (
	"id" text PRIMARY KEY NOT NULL,
	"title" text,
	"type" "thread_type" NOT NULL,
	"topic_id" text NOT NULL,
	"parent_thread_id" text,
	"source_message_id" text
);
--> statement-breakpoint
ALTER TABLE "threads" ADD CONSTRAINT "threads_topic_id_topics_id_fk" FOREIGN KEY ("topic_id") REFERENCES "public"."topics"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "threads" ADD CONSTRAINT "threads_parent_thread_id_threads_id_fk" FOREIGN KEY ("parent_thread_id") REFERENCES "public"."threads"("id") ON DELETE set null ON UPDATE no action DEFERRABLE;--> statement-breakpoint
CREATE INDEX "threads_topic_idx" ON "threads" USING hash ("topic_id");--> statement-breakpoint
-- one transaction: the first row points at the second
BEGIN;
SET CONSTRAINTS public.threads_parent_thread_id_threads_id_fk DEFERRED;
INSERT INTO public.threads (id, type, topic_id, parent_thread_id) SELECT 'thr_1_' || id, 'standalone'::public.thread_type, id, 'thr_2_' || id FROM public.topics;
INSERT INTO public.threads (id, type, topic_id) SELECT 'thr_2_' || public.topics.id, 'continuation', public.topics.id FROM public.topics;
SET CONSTRAINTS public.threads_parent_thread_id_threads_id_fk IMMEDIATE;
COMMIT;

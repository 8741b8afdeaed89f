ALTER TABLE "messages" ADD COLUMN "trace_id" text;
--> statement-breakpoint
UPDATE public.messages SET trace_id = 'trace.' || public.messages.id;
--> statement-breakpoint
COMMIT;
--> statement-breakpoint
CREATE UNIQUE INDEX CONCURRENTLY "messages_trace_id_unique" ON "public"."messages" USING btree ("trace_id");
--> statement-breakpoint
BEGIN;
--> statement-breakpoint
ALTER TABLE public.messages ADD CONSTRAINT messages_trace_id_key UNIQUE USING INDEX messages_trace_id_unique;
--> statement-breakpoint
ALTER TABLE public.messages ALTER COLUMN trace_id SET NOT NULL, REPLICA IDENTITY USING INDEX messages_trace_id_key;

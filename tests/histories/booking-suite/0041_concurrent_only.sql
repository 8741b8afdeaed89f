CREATE UNIQUE INDEX CONCURRENTLY "Webhook_url_idx" ON "public"."Webhook" USING btree ("url" text_pattern_ops);
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "Booking_status_rank_idx" ON "public"."Booking" (public.status_rank("public"."Booking"."status") DESC NULLS LAST, "endTime");

CREATE COLLATION public.bytewise (provider = libc, locale = 'C');
--> statement-breakpoint
ALTER TABLE public."Team" ADD COLUMN "sortKey" text COLLATE public.bytewise;
--> statement-breakpoint
UPDATE public."Team" SET "sortKey" = upper(public."Team".name COLLATE "public"."bytewise");
--> statement-breakpoint
CREATE UNIQUE INDEX "Team_name_bytes" ON public."Team" USING btree (name COLLATE "public"."bytewise", lower(slug) COLLATE public.bytewise NULLS FIRST);
--> statement-breakpoint
CREATE TEXT SEARCH CONFIGURATION public.booking_search (COPY = simple);
--> statement-breakpoint
ALTER TABLE public."Booking" ADD COLUMN "search" tsvector GENERATED ALWAYS AS (to_tsvector('public.booking_search'::regconfig, "title")) STORED;
--> statement-breakpoint
CREATE INDEX "Booking_search_idx" ON "public"."Booking" USING gin ("search");
--> statement-breakpoint
COMMENT ON COLLATION public.bytewise IS 'strict order';
--> statement-breakpoint
COMMENT ON TEXT SEARCH CONFIGURATION public.booking_search IS 'titles';

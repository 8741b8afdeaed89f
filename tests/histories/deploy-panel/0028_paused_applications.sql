UPDATE public.application SET "applicationStatus" = 'paused' WHERE public.application."sourceType" = 'docker'::public."sourceType";
--> statement-breakpoint
UPDATE public.application SET "applicationStatus" = 'idle'::public."applicationStatus" WHERE public.application."applicationStatus" = 'done';
--> statement-breakpoint
CREATE MATERIALIZED VIEW "public"."status_counts" AS (SELECT public.services.status, count(*) AS n FROM public.services GROUP BY public.services.status);
--> statement-breakpoint
CREATE UNIQUE INDEX "status_counts_key" ON "public"."status_counts" USING btree ("status") NULLS NOT DISTINCT;
--> statement-breakpoint
REFRESH MATERIALIZED VIEW CONCURRENTLY public.status_counts WITH DATA;

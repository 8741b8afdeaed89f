CREATE VIEW "public"."PublicEventType" WITH (security_barrier = true, check_option = local) AS (select "id", "title", "slug", "length", "hidden" from "public"."EventType" where not "public"."EventType"."hidden");
--> statement-breakpoint
CREATE RULE "hide instead" AS ON DELETE TO public."PublicEventType" DO INSTEAD UPDATE public."EventType" SET hidden = true WHERE public."EventType".id = OLD.id RETURNING public."EventType".id, public."EventType".title, public."EventType".slug, "EventType".length, public."EventType".hidden;
--> statement-breakpoint
DELETE FROM public."PublicEventType" WHERE slug = '15-min' AND id = (SELECT min(public."EventType".id) FROM public."EventType" WHERE slug = '15-min') RETURNING public."PublicEventType".*;
--> statement-breakpoint
INSERT INTO public."PublicEventType" (title, slug, length) VALUES ('Quick', 'quick', 5);
--> statement-breakpoint
CREATE MATERIALIZED VIEW public."BusyHours" AS SELECT extract(hour FROM public."Booking"."startTime")::integer AS hour, count(*) AS n, array_agg(DISTINCT public."Booking".status) AS statuses FROM public."Booking" GROUP BY 1 WITH DATA;
--> statement-breakpoint
CREATE UNIQUE INDEX "BusyHours_hour" ON public."BusyHours" (hour);
--> statement-breakpoint
ALTER MATERIALIZED VIEW "public"."BusyHours" RENAME COLUMN n TO total;
--> statement-breakpoint
REFRESH MATERIALIZED VIEW CONCURRENTLY public."BusyHours";
--> statement-breakpoint
ALTER VIEW public.host_summary ALTER COLUMN trouble SET DEFAULT false;
--> statement-breakpoint
ALTER VIEW public.host_summary SET (security_invoker = on);
--> statement-breakpoint
COMMENT ON VIEW public."PublicEventType" IS 'what is "public"';
--> statement-breakpoint
COMMENT ON RULE "hide instead" ON public."PublicEventType" IS 'soft delete';

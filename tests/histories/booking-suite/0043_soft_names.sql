ALTER TABLE "public"."SelectedCalendar" RENAME COLUMN "externalId" TO "public";--> statement-breakpoint
UPDATE public."SelectedCalendar" SET "public" = upper("public") WHERE public."SelectedCalendar"."public" <> 'public.';--> statement-breakpoint
CREATE VIEW "public"."public" AS SELECT public."SelectedCalendar"."userId", "SelectedCalendar".public FROM public."SelectedCalendar";--> statement-breakpoint
SELECT "public"."userId", public.public, "public"."public"."userId", public.* FROM "public"."public" WHERE "public"."public"."public" IS NOT NULL;--> statement-breakpoint
ALTER VIEW "public"."public" RENAME TO "public calendars";--> statement-breakpoint
GRANT SELECT ON "public"."public calendars" TO "public";--> statement-breakpoint
COMMENT ON VIEW public."public calendars" IS 'public.public';

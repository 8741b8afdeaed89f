CREATE TEMP TABLE doubles (id integer PRIMARY KEY, keep boolean);
--> statement-breakpoint
INSERT INTO doubles SELECT public."Attendee".id, row_number() OVER (PARTITION BY public."Attendee".name ORDER BY public."Attendee".id) = 1 FROM public."Attendee";
--> statement-breakpoint
CREATE INDEX ON doubles (keep);
--> statement-breakpoint
UPDATE public."Attendee" AS a SET name = a.name || ' ' || d.id FROM doubles d WHERE d.id = a.id AND NOT d.keep;
--> statement-breakpoint
DROP TABLE doubles;
--> statement-breakpoint
SELECT a.name INTO public."AttendeeNames" FROM public."Attendee" a WHERE a."noShow" IS NOT NULL;
--> statement-breakpoint
CREATE UNIQUE INDEX ON public."AttendeeNames" (name);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS public."SelectedCalendar" ("userId", integration, "externalId") AS SELECT public.users.id, 'public.ics'::text, public.users.username FROM public.users;
--> statement-breakpoint
ALTER TABLE public."SelectedCalendar" ADD CONSTRAINT "SelectedCalendar_pk" PRIMARY KEY ("userId", integration);

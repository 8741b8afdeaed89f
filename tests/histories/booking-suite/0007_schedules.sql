CREATE TABLE IF NOT EXISTS "Schedule" ("id" serial PRIMARY KEY NOT NULL, "userId" integer NOT NULL, "name" text NOT NULL, "timeZone" text);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "Availability" (
	"id" serial PRIMARY KEY NOT NULL,
	"scheduleId" integer,
	"days" integer[],
	"startTime" time NOT NULL,
	"endTime" time NOT NULL,
	"date" date,
	CONSTRAINT "Availability_time_check" CHECK ("public"."Availability"."startTime" < "Availability"."endTime")
);
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Schedule" ADD CONSTRAINT "Schedule_userId_users_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Availability" ADD CONSTRAINT "Availability_scheduleId_Schedule_id_fk" FOREIGN KEY ("scheduleId") REFERENCES "public"."Schedule"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
WITH made AS (INSERT INTO public."Schedule" ("userId", name) SELECT id, 'Working hours' FROM public.users RETURNING public."Schedule".id)
INSERT INTO public."Availability" ("scheduleId", days, "startTime", "endTime") SELECT made.id, '{1,2,3,4,5}', '09:00', '17:00' FROM made;

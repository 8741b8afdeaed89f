CREATE TYPE "public"."ReminderMethod" AS ENUM('email', 'sms', 'whats app');
--> statement-breakpoint
CREATE TABLE "Reminder" (
	"id" integer NOT NULL,
	"method" "public"."ReminderMethod" NOT NULL,
	"bookingId" integer,
	"sentAt" timestamp
) PARTITION BY LIST ("method");
--> statement-breakpoint
CREATE SEQUENCE public.reminder_id_seq AS integer INCREMENT BY 2 START WITH 1 OWNED BY public."Reminder".id;
--> statement-breakpoint
ALTER TABLE public."Reminder" ALTER COLUMN id SET DEFAULT nextval('public.reminder_id_seq'::regclass);
--> statement-breakpoint
CREATE TABLE public."Reminder email" PARTITION OF public."Reminder" ("sentAt" DEFAULT '2024-01-01', CONSTRAINT "email has booking" CHECK ("bookingId" IS NOT NULL)) FOR VALUES IN ('email'::public."ReminderMethod");
--> statement-breakpoint
CREATE TABLE public."Reminder.other" PARTITION OF "public"."Reminder" FOR VALUES IN ('sms', 'whats app') PARTITION BY HASH ("bookingId");
--> statement-breakpoint
CREATE TABLE public."Reminder.other.0" PARTITION OF public."Reminder.other" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
--> statement-breakpoint
CREATE TABLE public."Reminder.other.1" PARTITION OF public."Reminder.other" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
--> statement-breakpoint
ALTER TABLE public."Reminder" ADD CONSTRAINT "Reminder_booking" FOREIGN KEY ("bookingId") REFERENCES public."Booking" (id) ON DELETE CASCADE, ADD CONSTRAINT "Reminder_once" UNIQUE NULLS NOT DISTINCT ("method", "bookingId");
--> statement-breakpoint
INSERT INTO public."Reminder" (method, "bookingId") SELECT m.method, b.id FROM public."Booking" AS b, unnest(enum_range(NULL::public."ReminderMethod")) AS m(method);
--> statement-breakpoint
SELECT b.id, count(*) FROM public."Booking" b, public."Reminder" r WHERE r.tableoid = 'public."Reminder email"'::regclass AND r."bookingId" = b.id GROUP BY b.id;
--> statement-breakpoint
DELETE FROM public."Reminder" WHERE public."Reminder".method = 'sms'::public."ReminderMethod" AND public."Reminder"."bookingId" = (SELECT min(id) FROM public."Booking");
--> statement-breakpoint
UPDATE public."Reminder" AS r SET method = 'sms' WHERE r.tableoid = '"public"."Reminder email"'::regclass AND NOT EXISTS (SELECT FROM public."Reminder" WHERE public."Reminder".method = 'sms' AND public."Reminder"."bookingId" = r."bookingId");
--> statement-breakpoint
COMMENT ON TABLE public."Reminder.other" IS 'a dot in the name, not public."Reminder"."other"';

ALTER TABLE "Booking" ADD COLUMN "updatedAt" timestamp (3);--> statement-breakpoint
ALTER TABLE public.users ADD COLUMN "updatedAt" timestamp (3);--> statement-breakpoint
CREATE FUNCTION public."setUpdatedAt"() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	NEW."updatedAt" := ''2024-01-01'';
	RETURN NEW;
END';--> statement-breakpoint
CREATE TRIGGER "Booking_updatedAt" BEFORE INSERT OR UPDATE ON public."Booking" FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM 'rejected'::public."BookingStatus") EXECUTE FUNCTION public."setUpdatedAt"();--> statement-breakpoint
CREATE TRIGGER users_updated_at BEFORE UPDATE OF "email", name ON public.users FOR EACH ROW EXECUTE PROCEDURE "public"."setUpdatedAt"();--> statement-breakpoint
UPDATE public."Booking" SET status = 'rejected' WHERE public."Booking".status = 'pending' AND "public"."Booking"."id" % 2 = 0;--> statement-breakpoint
COMMENT ON TRIGGER "Booking_updatedAt" ON "public"."Booking" IS 'not for rejected ones';--> statement-breakpoint
COMMENT ON FUNCTION public."setUpdatedAt"() IS 'fixed';

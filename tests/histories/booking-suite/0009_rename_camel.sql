ALTER TABLE "public"."Availability" RENAME TO "availability";--> statement-breakpoint
ALTER TABLE "public"."availability" RENAME CONSTRAINT "Availability_time_check" TO "availability time check";--> statement-breakpoint
ALTER TABLE public."Attendee" RENAME COLUMN "bookingId" TO "booking.id";--> statement-breakpoint
ALTER SEQUENCE public."Availability_id_seq" RENAME TO "availability_id_seq";--> statement-breakpoint
ALTER TYPE "public"."UserPermissionRole" RENAME TO "user role";--> statement-breakpoint
ALTER TYPE public.postal_address RENAME ATTRIBUTE "zip code" TO zip;--> statement-breakpoint
ALTER FUNCTION public.full_address(public.postal_address) RENAME TO address_line;--> statement-breakpoint
CREATE OR REPLACE FUNCTION public.address_line(a public.postal_address) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT concat_ws(', ', (a).street, a.zip, a.city) $$;--> statement-breakpoint
ALTER DOMAIN public."money amount" RENAME TO money_amount;--> statement-breakpoint
ALTER DOMAIN "public".money_amount RENAME CONSTRAINT "not negative" TO not_negative;

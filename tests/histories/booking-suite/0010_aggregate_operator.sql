CREATE FUNCTION public.later(a timestamp, b timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN a IS NULL OR b > a THEN b ELSE a END $$;
--> statement-breakpoint
CREATE AGGREGATE public.latest(timestamp) (SFUNC = public.later, STYPE = timestamp, PARALLEL = safe);
--> statement-breakpoint
CREATE FUNCTION public.status_rank(public."BookingStatus") RETURNS integer LANGUAGE sql IMMUTABLE RETURN array_position(ARRAY['pending', 'accepted', 'rejected', 'cancelled']::public."BookingStatus"[], $1);
--> statement-breakpoint
CREATE FUNCTION public.worse(a public."BookingStatus", b public."BookingStatus") RETURNS public."BookingStatus" LANGUAGE sql IMMUTABLE RETURN CASE WHEN public.status_rank(a) > public.status_rank(b) THEN a ELSE coalesce(b, a) END;
--> statement-breakpoint
CREATE AGGREGATE "public"."worst" ("public"."BookingStatus") (SFUNC = "public"."worse", STYPE = "public"."BookingStatus", INITCOND = 'pending');
--> statement-breakpoint
CREATE FUNCTION public.is_worse(a public."BookingStatus", b public."BookingStatus") RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT public.status_rank(a) > public.status_rank(b) $$;
--> statement-breakpoint
CREATE OPERATOR public.>>>! (LEFTARG = public."BookingStatus", RIGHTARG = public."BookingStatus", FUNCTION = public.is_worse);
--> statement-breakpoint
CREATE VIEW public.host_summary AS
	SELECT public."Booking"."userId", public.latest(public."Booking"."endTime") AS last, public.worst(public."Booking".status) FILTER (WHERE public."Booking".title <> 'public.') AS worst,
		bool_or(public."Booking".status OPERATOR(public.>>>!) 'accepted'::public."BookingStatus") AS trouble
	FROM public."Booking" GROUP BY public."Booking"."userId";
--> statement-breakpoint
COMMENT ON AGGREGATE public.latest(timestamp) IS 'the latest of them';
--> statement-breakpoint
COMMENT ON AGGREGATE "public"."worst"("public"."BookingStatus") IS 'by public.status_rank';
--> statement-breakpoint
COMMENT ON OPERATOR public.>>>! (public."BookingStatus", public."BookingStatus") IS 'worse than';
--> statement-breakpoint
UPDATE public."Booking" SET title = title || ' (!)' WHERE status OPERATOR("public".>>>!) 'accepted';

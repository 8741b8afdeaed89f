START TRANSACTION;
LOCK TABLE "public"."BookingLog", public."HashedLink" * IN ACCESS EXCLUSIVE MODE NOWAIT;
TRUNCATE public."BookingLog" RESTART IDENTITY CASCADE;
TRUNCATE ONLY "public"."HashedLink" CONTINUE IDENTITY;
INSERT INTO public."HashedLink" (link, "eventTypeId") SELECT 'again-' || e.id, e.id FROM public."EventType" AS e ORDER BY e.id LIMIT 2;
COMMIT;
--> statement-breakpoint
DO LANGUAGE plpgsql $$
DECLARE
	v_id integer;
	v_statuses public."BookingStatus"[];
BEGIN
	FOR v_id, v_statuses IN SELECT public."Booking"."userId", array_agg(public."Booking".status) FROM public."Booking" GROUP BY public."Booking"."userId" LOOP
		CONTINUE WHEN NOT ('accepted'::public."BookingStatus" = ANY (v_statuses));
		UPDATE public.users SET "timeZone" = 'Europe/Berlin' WHERE id = v_id;
		PERFORM public.host_label(v_id), setval('public.invoice_seq', 10), nextval('public.invoice_seq'::regclass);
	END LOOP;
	IF to_regclass('public."BookingLog"') IS NOT NULL AND to_regclass('"public"."Nowhere"') IS NULL THEN
		EXECUTE format('ALTER TABLE %I ADD COLUMN %I integer DEFAULT %L', 'BookingLog', 'actor.id', 0);
	END IF;
END
$$;
--> statement-breakpoint
ALTER TABLE "BookingLog" ADD CONSTRAINT "BookingLog_actor" CHECK ("public"."BookingLog"."actor.id" >= 0);

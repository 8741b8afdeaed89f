CREATE FUNCTION public.insert_summary() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public."Booking" (uid, "userId", title, "startTime", "endTime") VALUES ('sum-' || NEW."userId", NEW."userId", 'Summary', NEW.last, NEW.last + interval '5 min');
	RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER insert_summary INSTEAD OF INSERT ON public.host_summary FOR EACH ROW EXECUTE FUNCTION public.insert_summary();--> statement-breakpoint
INSERT INTO public.host_summary ("userId", last) SELECT public.users.id, '2024-04-01' FROM public.users WHERE public.users.role = 'ADMIN'::public."user role";--> statement-breakpoint
COMMENT ON TRIGGER insert_summary ON public.host_summary IS 'on a view';

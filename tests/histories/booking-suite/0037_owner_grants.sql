ALTER TABLE public."Booking" OWNER TO CURRENT_USER;--> statement-breakpoint
ALTER TYPE public."TimeUnit" OWNER TO CURRENT_ROLE;--> statement-breakpoint
ALTER AGGREGATE public.latest(timestamp) OWNER TO CURRENT_USER;--> statement-breakpoint
ALTER COLLATION public.bytewise OWNER TO CURRENT_USER;--> statement-breakpoint
GRANT SELECT ON TABLE public."PublicEventType", public."BusyHours" TO public;

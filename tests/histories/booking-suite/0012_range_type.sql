CREATE FUNCTION public.time_subtract(a time, b time) RETURNS double precision LANGUAGE sql STRICT IMMUTABLE AS 'SELECT EXTRACT(EPOCH FROM (a - b))::double precision';
--> statement-breakpoint
CREATE TYPE public.timerange AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = public.time_subtract, MULTIRANGE_TYPE_NAME = public.timemultirange);
--> statement-breakpoint
ALTER TABLE public.availability ADD COLUMN hours public.timerange, ADD COLUMN breaks public.timemultirange DEFAULT '{}'::public.timemultirange;
--> statement-breakpoint
UPDATE public.availability SET hours = public.timerange("startTime", "endTime"), breaks = public.timemultirange(public.timerange('12:00', '13:00'), public.timerange '[15:00,15:15)');
--> statement-breakpoint
ALTER TABLE public.availability ADD CONSTRAINT availability_hours_check CHECK (public.availability.hours <@ '[00:00,24:00]'::public.timerange AND NOT isempty(hours));
--> statement-breakpoint
CREATE INDEX availability_hours_idx ON public.availability USING gist (hours);

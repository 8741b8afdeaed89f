CREATE DOMAIN "public"."port_number" AS integer CHECK (VALUE BETWEEN 1 AND 65535);--> statement-breakpoint
CREATE FUNCTION public.add_port(integer[], public.port_number) RETURNS integer[] LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2::integer)';--> statement-breakpoint
CREATE AGGREGATE public.ports_of(public.port_number) (SFUNC = public.add_port, STYPE = integer[], INITCOND = '{}');--> statement-breakpoint
CREATE MATERIALIZED VIEW "public"."port_lists" AS (SELECT public.port."applicationId" AS app, array_agg(public.port."publishedPort") AS ports FROM public.port GROUP BY public.port."applicationId");--> statement-breakpoint
CREATE TABLE public.port_report AS SELECT public.port."applicationId" AS app, public.ports_of(public.port."publishedPort"::public.port_number ORDER BY public.port."publishedPort") AS ports FROM public.port GROUP BY 1;--> statement-breakpoint
CREATE SEQUENCE "public"."temporary_number" INCREMENT BY -1 MINVALUE -100 MAXVALUE -1 START WITH -1;--> statement-breakpoint
CREATE RULE port_report_rule AS ON INSERT TO public.port_report DO ALSO NOTIFY port_report;--> statement-breakpoint
CREATE STATISTICS public.port_statistics ON "publishedPort", "targetPort" FROM public.port;--> statement-breakpoint
CREATE POLICY port_policy ON public.port_report USING (app <> 'public.');--> statement-breakpoint
CREATE TYPE public."shortLived" AS ENUM();--> statement-breakpoint
ALTER TYPE public."shortLived" ADD VALUE 'public.only';--> statement-breakpoint
COMMENT ON DOMAIN public.port_number IS 'soon gone';

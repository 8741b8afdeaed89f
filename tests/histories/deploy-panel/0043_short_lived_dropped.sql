DROP MATERIALIZED VIEW "public"."port_lists";--> statement-breakpoint
DROP RULE port_report_rule ON public.port_report;--> statement-breakpoint
DROP POLICY "port_policy" ON "public"."port_report" CASCADE;--> statement-breakpoint
DROP STATISTICS public.port_statistics;--> statement-breakpoint
DROP AGGREGATE public.ports_of(public.port_number);--> statement-breakpoint
DROP FUNCTION public.add_port(integer[], public.port_number);--> statement-breakpoint
DROP DOMAIN "public"."port_number";--> statement-breakpoint
DROP SEQUENCE "public"."temporary_number";--> statement-breakpoint
DROP TYPE "public"."shortLived";--> statement-breakpoint
DROP PROCEDURE public.pause_project(text, integer);--> statement-breakpoint
DROP TRIGGER "public." ON public.apikey;--> statement-breakpoint
ALTER TABLE public.port_report ADD COLUMN id integer GENERATED ALWAYS AS IDENTITY, ALTER COLUMN app SET NOT NULL;--> statement-breakpoint
ALTER TABLE "public"."port_report" ADD CONSTRAINT "port_report_pk" PRIMARY KEY ("app", "id");

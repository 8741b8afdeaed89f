CREATE TABLE "server" ("serverId" text PRIMARY KEY NOT NULL, "name" text NOT NULL, "ipAddress" inet NOT NULL, "labels" text[] DEFAULT '{}' NOT NULL);--> statement-breakpoint
CREATE TABLE "metric" ("serverId" text NOT NULL, "day" date NOT NULL, "cpu" double precision, "status" "public"."applicationStatus" DEFAULT 'running'::"public"."applicationStatus") PARTITION BY RANGE ("day");--> statement-breakpoint
CREATE TABLE "public"."metric.2024" PARTITION OF "public"."metric" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');--> statement-breakpoint
CREATE TABLE "metric_2025" ("serverId" text NOT NULL, "day" date NOT NULL, "cpu" double precision, "status" public."applicationStatus" DEFAULT 'idle');--> statement-breakpoint
ALTER TABLE public.metric ATTACH PARTITION public.metric_2025 FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);--> statement-breakpoint
ALTER TABLE public.metric ADD CONSTRAINT "metric_server" FOREIGN KEY ("serverId") REFERENCES public.server ("serverId") ON DELETE CASCADE, ADD PRIMARY KEY ("serverId", "day");--> statement-breakpoint
CREATE INDEX "metric_cpu" ON public.metric (cpu) WHERE public.metric.status = 'running'::public."applicationStatus";--> statement-breakpoint
INSERT INTO public.server VALUES ('srv1', 'public.one', '10.0.0.1', '{public,eu}'), ('srv2', 'two', '10.0.0.2', '{}');--> statement-breakpoint
INSERT INTO public.metric ("serverId", day, cpu) SELECT s."serverId", d::date, 0.5 FROM public.server AS s, generate_series(date '2024-12-30', date '2025-01-02', '1 day') AS d;--> statement-breakpoint
UPDATE public.metric SET day = day + 10, cpu = public.metric.cpu * 2 WHERE tableoid = 'public."metric.2024"'::regclass;--> statement-breakpoint
CREATE STATISTICS public.metric_stats ON "serverId", day FROM public.metric_2025;--> statement-breakpoint
ALTER TABLE public.metric_2025 SET (fillfactor = 50);--> statement-breakpoint
COMMENT ON STATISTICS public.metric_stats IS 'per partition';

CREATE VIEW "public"."active_users" AS (select "id", "username", (select count(*) from "public"."messages" where "public"."messages"."user_id" = "public"."users"."id") as "messages" from "public"."users" where "public"."users"."email" is not null);--> statement-breakpoint
CREATE VIEW public.task_overview WITH (security_invoker = true) AS
	SELECT public.async_tasks.status, count(*) AS n, 'public.async_tasks'::text AS source,
		array_agg(DISTINCT public.slugify(public.users.username) ORDER BY public.slugify(public.users.username)) AS who
	FROM public.async_tasks JOIN public.users ON public.users.id = public.async_tasks.user_id
	WHERE public.async_tasks.status <> 'error'::public.async_task_status
	GROUP BY public.async_tasks.status
	HAVING count(*) > 0
	ORDER BY public.async_tasks.status;
--> statement-breakpoint
CREATE MATERIALIZED VIEW "public"."daily_usage" AS (SELECT public.messages.user_id, public.messages.role, count(*) AS total FROM public.messages GROUP BY public.messages.user_id, public.messages.role) WITH NO DATA;
--> statement-breakpoint
CREATE UNIQUE INDEX "daily_usage_key" ON "public"."daily_usage" ("user_id", "role");
--> statement-breakpoint
REFRESH MATERIALIZED VIEW public.daily_usage;
--> statement-breakpoint
COMMENT ON VIEW public.active_users IS 'users with an address';
--> statement-breakpoint
COMMENT ON MATERIALIZED VIEW "public"."daily_usage" IS E'per user\nand role';
--> statement-breakpoint
COMMENT ON COLUMN public.active_users.messages IS 'count of public.messages';

-- the qualifier makes any word a name: without it these must be quoted
SELECT public.user."userId", u.token FROM public.user, public.user AS u WHERE public.user."userId" = u."userId";
--> statement-breakpoint
UPDATE public.order SET "limit" = 5 FROM public.group WHERE public.group.id = public.order.group AND public.group.select = 'a';
--> statement-breakpoint
INSERT INTO public.table ("select", public) SELECT 3, "where" FROM public.select WHERE public.select.table = 1;
--> statement-breakpoint
ALTER TABLE public.user ADD COLUMN "limit" integer DEFAULT 10;
--> statement-breakpoint
COMMENT ON TABLE public.order IS 'public.order';
--> statement-breakpoint
COMMENT ON COLUMN public.group.from IS 'a reserved column of a reserved table';

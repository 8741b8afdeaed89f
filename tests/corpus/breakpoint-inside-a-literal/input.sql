INSERT INTO public.t VALUES ('--> statement-breakpoint', 'a
--> statement-breakpoint
b');--> statement-breakpoint
INSERT INTO public.t VALUES ($$--> statement-breakpoint$$)

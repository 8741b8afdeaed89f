CREATE TABLE public.a ()
--> statement-breakpoint
CREATE TABLE public.b ()--> statement-breakpoint
--> statement-breakpoint
;;CREATE TABLE public.c ()

CREATE TABLE public.a (); CREATE TABLE public.b ();--> statement-breakpoint
CREATE TABLE public.c ();
CREATE TABLE public.d ();

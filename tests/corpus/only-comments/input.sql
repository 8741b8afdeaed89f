-- CREATE TABLE public.t ();
/* DROP TABLE other.t; /* nested */ */
--> statement-breakpoint
-- nothing

CREATE SEQUENCE "public"."ticket_number" INCREMENT BY 5 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 100 CACHE 1;--> statement-breakpoint
CREATE SEQUENCE public.legacy_number AS integer;--> statement-breakpoint
CREATE TABLE "tickets" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tickets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"number" bigint DEFAULT nextval('public.ticket_number') NOT NULL,
	"legacy" integer DEFAULT nextval('public.legacy_number'::regclass),
	"body" text,
	"length" integer GENERATED ALWAYS AS (char_length("body")) STORED,
	"slug" text GENERATED ALWAYS AS (public.slugify("body")) STORED,
	"user_id" text,
	CONSTRAINT "tickets_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES public.users ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
);
--> statement-breakpoint
ALTER SEQUENCE public.legacy_number OWNED BY public.tickets.legacy;
--> statement-breakpoint
INSERT INTO public.tickets (body, user_id) VALUES ('My First Ticket', 'usr_ada'), ('Second: public.tickets', 'usr_bob');
--> statement-breakpoint
SELECT setval('public.ticket_number', 500), currval('public.legacy_number'::regclass), last_value FROM public.legacy_number;

CREATE TYPE public.integration_row AS ("id" integer, "kind" text, "key" jsonb);
--> statement-breakpoint
CREATE TABLE public."Credential" OF public.integration_row (PRIMARY KEY (id), kind WITH OPTIONS DEFAULT 'public.oauth' NOT NULL);
--> statement-breakpoint
CREATE TABLE public.base_entity ("createdBy" integer REFERENCES public.users (id), "createdOn" date DEFAULT '2024-01-01' NOT NULL, CONSTRAINT "base check" CHECK ("createdOn" > '2000-01-01'));
--> statement-breakpoint
CREATE TABLE public."Webhook" (id serial PRIMARY KEY, url text NOT NULL) INHERITS (public.base_entity);
--> statement-breakpoint
CREATE TABLE public."ApiKey" (LIKE public.base_entity INCLUDING ALL, id text PRIMARY KEY, hash text UNIQUE);
--> statement-breakpoint
ALTER TABLE public."ApiKey" INHERIT public.base_entity;
--> statement-breakpoint
INSERT INTO public."Webhook" (url, "createdBy") SELECT 'https://example.com/' || public.users.username, public.users.id FROM public.users;
--> statement-breakpoint
INSERT INTO public."ApiKey" (id, hash, "createdBy") VALUES ('key_1', 'abc', 1), ('key_2', E'd\\ef\npublic.x', 2);
--> statement-breakpoint
INSERT INTO public."Credential" VALUES (1, DEFAULT, '{"public.": 1}');
--> statement-breakpoint
INSERT INTO public.base_entity ("createdBy") VALUES (2);
UPDATE ONLY public.base_entity SET "createdOn" = '2024-02-02';
UPDATE public.base_entity * SET "createdOn" = '2024-02-02' FROM public."Webhook" w WHERE w."createdBy" = public.base_entity."createdBy";
--> statement-breakpoint
ALTER TABLE public."ApiKey" NO INHERIT public.base_entity;

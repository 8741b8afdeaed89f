CREATE TABLE "group" ("id" serial PRIMARY KEY NOT NULL, "select" text, "table" text DEFAULT 'public.table', "from" integer, "public" boolean DEFAULT false NOT NULL);
--> statement-breakpoint
CREATE TABLE "order" ("id" serial PRIMARY KEY NOT NULL, "group" integer REFERENCES "public"."group"("id"), "user" text REFERENCES public."user"("userId"), "desc" text, "limit" integer, UNIQUE ("group", "user"));
--> statement-breakpoint
CREATE TABLE "public"."table" ("select" integer PRIMARY KEY, "public" text, "default" text DEFAULT 'x');
--> statement-breakpoint
CREATE TABLE "public"."select" ("table" integer REFERENCES "public"."table", "where" text);
--> statement-breakpoint
CREATE TABLE "public"."public" ("id" integer PRIMARY KEY, "public" text, "order" integer);
--> statement-breakpoint
INSERT INTO public."group" ("select", "from") VALUES ('a', 1), ('b', 2);
--> statement-breakpoint
INSERT INTO "public"."order" ("group", "user", "desc") SELECT public."group".id, public."user"."userId", "group"."table" FROM public."group", public."user";
--> statement-breakpoint
INSERT INTO "public"."table" VALUES (1, 'one'), (2, 'public.two');
--> statement-breakpoint
INSERT INTO "public"."select" SELECT "public"."table"."select", "public"."table"."public" FROM "public"."table";
--> statement-breakpoint
INSERT INTO "public"."public" VALUES (1, 'one', 1), (2, '"public"."public"', 2);
--> statement-breakpoint
UPDATE "public"."public" SET "public" = "public"."public" || ' (' || public.public.id || ')', "order" = public."order" + "public"."public"."order" WHERE "public"."public"."public" IS NOT NULL;
--> statement-breakpoint
SELECT public.*, public.public.*, public.id, "public"."public"."id", public FROM public.public ORDER BY public.public.public, public.public;
--> statement-breakpoint
CREATE INDEX "order_group_idx" ON "public"."order" USING btree ("group","user" DESC) WHERE "public"."order"."desc" IS NOT NULL;
--> statement-breakpoint
CREATE INDEX "public idx" ON "public"."public" ("public", ("public"."id" + "public"."public"."order"));
--> statement-breakpoint
COMMENT ON TABLE "public"."public" IS 'the table "public"."public"';
--> statement-breakpoint
COMMENT ON COLUMN "public"."public"."public" IS 'public.public.public';
--> statement-breakpoint
COMMENT ON INDEX public."public idx" IS 'an index on public.public';

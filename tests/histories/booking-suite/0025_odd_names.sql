CREATE TABLE "public"."odd ""name""" ("a.b" integer PRIMARY KEY, "c""d" text DEFAULT '"public"."x"', "public" text, " lead" boolean, "UPPER" integer);
--> statement-breakpoint
INSERT INTO "public"."odd ""name""" ("a.b", "public", "UPPER") VALUES (1, 'public', 2), (2, 'public.', 3);
--> statement-breakpoint
UPDATE public."odd ""name""" AS "public" SET "c""d" = "public"."c""d" || public.public, "UPPER" = "public"."UPPER" + 1 WHERE "public"."a.b" = 1;
--> statement-breakpoint
CREATE VIEW "public"."odd.view" AS SELECT public."odd ""name"""."a.b", "public"."odd ""name"""."public", "odd ""name""".public AS p2 FROM "public" . "odd ""name""";
--> statement-breakpoint
CREATE UNIQUE INDEX "odd index" ON PUBLIC."odd ""name""" ("public", ("odd ""name"""."c""d" || 'public.'));
--> statement-breakpoint
COMMENT ON COLUMN "public"."odd ""name"""."public" IS 'the column "public"."odd ""name"""."public"';
--> statement-breakpoint
COMMENT ON TABLE public
	.
	"odd ""name""" IS 'spaces and line ends around the dot';
--> statement-breakpoint
COMMENT ON INDEX "public"."odd index" IS U&'\0070ublic.x';

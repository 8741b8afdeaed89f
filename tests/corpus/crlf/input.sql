CREATE TABLE "public"."a" (
	"id" integer
);
--> statement-breakpoint
INSERT INTO "public"."a" VALUES (1);

DROP TABLE "shop"."orders" CASCADE;--> statement-breakpoint
DROP TYPE "shop"."state";--> statement-breakpoint
DROP SCHEMA "shop";

CREATE SCHEMA "shop";
--> statement-breakpoint
CREATE TYPE "shop"."state" AS ENUM('new', 'in-progress');--> statement-breakpoint
CREATE SEQUENCE "shop"."numbers" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 5 CACHE 1;--> statement-breakpoint
CREATE TABLE "shop"."orders" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "shop"."orders_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user" integer,
	"state" "shop"."state" DEFAULT 'new'::"shop"."state" NOT NULL
);
--> statement-breakpoint
ALTER TABLE "shop"."orders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE UNIQUE INDEX "orders_state" ON "shop"."orders" USING btree ("state");--> statement-breakpoint
CREATE VIEW "shop"."v" AS (select "id" from "shop"."orders");--> statement-breakpoint
CREATE MATERIALIZED VIEW "shop"."mv" AS (select "shop"."orders"."id" from "shop"."orders");--> statement-breakpoint
ALTER TABLE "shop"."orders" ADD CONSTRAINT "orders_user_fk" FOREIGN KEY ("user") REFERENCES "shop"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "p" ON "shop"."orders" AS PERMISSIVE FOR SELECT TO shop USING ((select "user" from "shop"."orders") = 1);--> statement-breakpoint
ALTER TYPE "shop"."state" ADD VALUE 'to ship' BEFORE 'new';--> statement-breakpoint
ALTER TABLE "shop"."orders" ALTER COLUMN "state" SET DATA TYPE "shop"."state" USING "state"::"shop"."state";--> statement-breakpoint
ALTER TABLE "shop"."orders" RENAME TO "sales";--> statement-breakpoint
ALTER TYPE "shop"."state" RENAME TO "condition";--> statement-breakpoint
ALTER INDEX "shop"."orders_state" RENAME TO "sales_state";--> statement-breakpoint
DROP INDEX "shop"."sales_state";

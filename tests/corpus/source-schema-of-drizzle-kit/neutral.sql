CREATE TYPE "{tenant}"."state" AS ENUM('new', 'in-progress');
CREATE SEQUENCE "{tenant}"."numbers" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 5 CACHE 1;
CREATE TABLE "{tenant}"."orders" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "{tenant}"."orders_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"user" integer,
	"state" "{tenant}"."state" DEFAULT 'new'::"{tenant}"."state" NOT NULL
);
ALTER TABLE "{tenant}"."orders" ENABLE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX "orders_state" ON "{tenant}"."orders" USING btree ("state");
CREATE VIEW "{tenant}"."v" AS (select "id" from "{tenant}"."orders");
CREATE MATERIALIZED VIEW "{tenant}"."mv" AS (select "{tenant}"."orders"."id" from "{tenant}"."orders");
ALTER TABLE "{tenant}"."orders" ADD CONSTRAINT "orders_user_fk" FOREIGN KEY ("user") REFERENCES "{tenant}"."users"("id") ON DELETE no action ON UPDATE no action;
CREATE POLICY "p" ON "{tenant}"."orders" AS PERMISSIVE FOR SELECT TO shop USING ((select "user" from "{tenant}"."orders") = 1);
ALTER TYPE "{tenant}"."state" ADD VALUE 'to ship' BEFORE 'new';
ALTER TABLE "{tenant}"."orders" ALTER COLUMN "state" SET DATA TYPE "{tenant}"."state" USING "state"::"{tenant}"."state";
ALTER TABLE "{tenant}"."orders" RENAME TO "sales";
ALTER TYPE "{tenant}"."state" RENAME TO "condition";
ALTER INDEX "{tenant}"."orders_state" RENAME TO "sales_state";
DROP INDEX "{tenant}"."sales_state";

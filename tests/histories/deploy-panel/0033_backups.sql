CREATE SEQUENCE "public"."backup_number" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE SEQUENCE IF NOT EXISTS "public"."public seq" AS smallint CYCLE;--> statement-breakpoint
CREATE TABLE "destination" ("destinationId" text PRIMARY KEY NOT NULL, "name" text NOT NULL, "bucket" text DEFAULT 'public.bucket' NOT NULL);--> statement-breakpoint
CREATE TABLE "backup" ("backupId" text PRIMARY KEY NOT NULL, "number" integer DEFAULT nextval('public.backup_number'::regclass) NOT NULL, "small" smallint DEFAULT nextval('public."public seq"'), "schedule" text NOT NULL, "destinationId" text NOT NULL, "postgresId" text, "keep" integer, CONSTRAINT "backup_keep_check" CHECK ("backup"."keep" BETWEEN 1 AND 100));--> statement-breakpoint
ALTER TABLE "backup" ADD CONSTRAINT "backup_destinationId_fk" FOREIGN KEY ("destinationId") REFERENCES "public"."destination"("destinationId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "backup" ADD CONSTRAINT "backup_postgresId_fk" FOREIGN KEY ("postgresId") REFERENCES "public"."postgres"("postgresId") ON DELETE cascade ON UPDATE no action DEFERRABLE INITIALLY DEFERRED;--> statement-breakpoint
SET CONSTRAINTS "public"."backup_postgresId_fk" DEFERRED;
INSERT INTO public.destination ("destinationId", name) VALUES ('dst1', 's3');
INSERT INTO public.backup ("backupId", schedule, "destinationId", "postgresId") SELECT 'b_' || public.postgres."postgresId", '0 3 * * *', 'dst1', public.postgres."postgresId" FROM public.postgres;
SET CONSTRAINTS ALL IMMEDIATE;
--> statement-breakpoint
SELECT setval('public.backup_number', 50, true), nextval('"public"."public seq"'::regclass), (SELECT last_value FROM public.backup_number);
--> statement-breakpoint
ALTER SEQUENCE "public"."backup_number" INCREMENT BY 2 MINVALUE 1 MAXVALUE 1000000 START WITH 5 CACHE 1;--> statement-breakpoint
COMMENT ON SEQUENCE "public"."public seq" IS 'cycles';

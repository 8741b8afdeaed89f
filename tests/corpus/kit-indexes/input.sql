CREATE INDEX "i" ON "t" USING btree ("a" DESC NULLS LAST,lower("b"));--> statement-breakpoint
CREATE UNIQUE INDEX "j" ON "public"."t" USING gin ("a" "public"."gin_trgm_ops") WITH (fillfactor=70) WHERE "t"."s" = 'ok'::"public"."mood";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "k" ON "public"."t" USING btree ("public");

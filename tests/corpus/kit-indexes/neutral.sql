CREATE INDEX "i" ON "t" USING btree ("a" DESC NULLS LAST,lower("b"));
CREATE UNIQUE INDEX "j" ON "{tenant}"."t" USING gin ("a" "{tenant}"."gin_trgm_ops") WITH (fillfactor=70) WHERE "t"."s" = 'ok'::"{tenant}"."mood";
-- alone
CREATE INDEX CONCURRENTLY "k" ON "{tenant}"."t" USING btree ("public");

ALTER TABLE "person" DISABLE ROW LEVEL SECURITY;
DROP TABLE "person" CASCADE;
DROP TABLE "{tenant}"."public", "{tenant}".note CASCADE;
DROP INDEX "person_idx";
DROP INDEX IF EXISTS "{tenant}"."public";
ALTER TABLE "{tenant}"."note" DROP COLUMN IF EXISTS "public" CASCADE;

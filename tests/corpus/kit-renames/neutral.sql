ALTER TABLE "person" RENAME TO "public";
ALTER TABLE "public" RENAME COLUMN "public" TO "private";
ALTER TABLE "public" RENAME CONSTRAINT "public_fk" TO "public.fk";
ALTER TABLE "{tenant}"."public" RENAME TO "person";
ALTER INDEX "{tenant}"."person_idx" RENAME TO "public";

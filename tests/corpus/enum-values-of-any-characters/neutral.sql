ALTER TYPE "{tenant}"."state" ADD VALUE 'in-progress';
ALTER TYPE "{tenant}"."state" ADD VALUE 'to ship';
ALTER TYPE "{tenant}"."state" ADD VALUE 'a:b,c;d@e(f)*+?[g]{h}|^$.\i''j"k/-';
ALTER TYPE "{tenant}"."state" ADD VALUE '(';
CREATE TABLE "job" ("id" integer, "note" text DEFAULT 'progress');
-- after a commit
ALTER TABLE "job" ADD COLUMN "state" "{tenant}"."state" DEFAULT 'a:b,c;d@e(f)*+?[g]{h}|^$.\i''j"k/-';

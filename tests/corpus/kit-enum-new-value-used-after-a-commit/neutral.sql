ALTER TYPE "{tenant}"."mood" ADD VALUE 'furious';
-- after a commit
ALTER TABLE "person" ALTER COLUMN "mood" SET DEFAULT 'furious';

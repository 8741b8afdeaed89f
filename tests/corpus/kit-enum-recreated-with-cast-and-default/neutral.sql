ALTER TABLE "person" ALTER COLUMN "mood" SET DATA TYPE text;
ALTER TABLE "person" ALTER COLUMN "mood" SET DEFAULT 'ok'::text;
DROP TYPE "{tenant}"."mood";
CREATE TYPE "{tenant}"."mood" AS ENUM('sad', 'ok');
ALTER TABLE "person" ALTER COLUMN "mood" SET DEFAULT 'ok'::"{tenant}"."mood";
ALTER TABLE "person" ALTER COLUMN "mood" SET DATA TYPE "{tenant}"."mood" USING "mood"::"{tenant}"."mood";

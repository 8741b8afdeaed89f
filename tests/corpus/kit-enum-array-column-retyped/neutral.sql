ALTER TABLE "person" ALTER COLUMN "moods" SET DATA TYPE "{tenant}"."mood"[] USING "moods"::"{tenant}"."mood"[];
ALTER TABLE "person" ADD COLUMN "grid" "{tenant}"."mood"[3][3];

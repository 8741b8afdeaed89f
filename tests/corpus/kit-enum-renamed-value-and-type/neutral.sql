ALTER TYPE "{tenant}"."mood" RENAME VALUE 'public' TO 'everybody';
ALTER TYPE "{tenant}"."mood" RENAME TO "public";
ALTER TYPE "{tenant}"."public" RENAME TO "mood";

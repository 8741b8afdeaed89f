DO $$ BEGIN ALTER TYPE "{tenant}".mood ADD VALUE 'furious'; END $$;
-- after a commit
UPDATE "{tenant}".person SET mood = 'furious';

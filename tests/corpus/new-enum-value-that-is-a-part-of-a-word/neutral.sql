ALTER TYPE "{tenant}".mood ADD VALUE 'name';
ALTER TABLE "{tenant}".person ADD COLUMN surname text;

ALTER TYPE "{tenant}".state ADD VALUE 'in-progress';
ALTER TYPE "{tenant}".state ADD VALUE 'on hold: later, (maybe) [x] $1 ^.*+?|/';
-- after a commit
ALTER TABLE t ALTER COLUMN s SET DEFAULT 'in-progress';
CREATE TABLE u (s "{tenant}".state[] DEFAULT '{in-progress}');

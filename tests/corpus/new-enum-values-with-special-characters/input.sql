ALTER TYPE public.state ADD VALUE 'in-progress';
ALTER TYPE public.state ADD VALUE 'on hold: later, (maybe) [x] $1 ^.*+?|/';
ALTER TABLE t ALTER COLUMN s SET DEFAULT 'in-progress';
CREATE TABLE u (s public.state[] DEFAULT '{in-progress}');

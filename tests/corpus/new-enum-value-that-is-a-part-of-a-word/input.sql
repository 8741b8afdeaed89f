ALTER TYPE public.mood ADD VALUE 'name';
ALTER TABLE public.person ADD COLUMN surname text;

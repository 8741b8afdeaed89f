DO $$ BEGIN ALTER TYPE public.mood ADD VALUE 'furious'; END $$;
UPDATE public.person SET mood = 'furious';

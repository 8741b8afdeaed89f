ALTER TABLE public.t ADD COLUMN m other.mood[] DEFAULT '{}';

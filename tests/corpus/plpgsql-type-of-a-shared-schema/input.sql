DO $$ DECLARE r other.mood; n other.note%ROWTYPE; c other.note.id%TYPE; BEGIN DELETE FROM public.note; END $$;

DO $$ DECLARE a text[]; r record; n int; BEGIN a[1] := 'z'; a[n + 1][2] := (SELECT max(name) FROM public.users); n := count(*) FROM public.users; r.x := 1; END $$;

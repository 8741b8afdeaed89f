DO $$ DECLARE a text[]; r record; n int; BEGIN a[1] := 'z'; a[n + 1][2] := (SELECT max(name) FROM "{tenant}".users); n := count(*) FROM "{tenant}".users; r.x := 1; END $$;

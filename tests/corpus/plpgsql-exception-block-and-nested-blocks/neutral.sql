DO $outer$
BEGIN
  BEGIN
    INSERT INTO "{tenant}".note VALUES (1, 'public.note', $q$public.note$q$);
  EXCEPTION WHEN unique_violation OR others THEN
    UPDATE "{tenant}".note SET n = n + 1;
    RAISE EXCEPTION USING MESSAGE = 'public.note', HINT = "{tenant}".hint();
  END;
END
$outer$;

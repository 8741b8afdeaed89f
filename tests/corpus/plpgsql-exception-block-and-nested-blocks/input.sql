DO $outer$
BEGIN
  BEGIN
    INSERT INTO public.note VALUES (1, 'public.note', $q$public.note$q$);
  EXCEPTION WHEN unique_violation OR others THEN
    UPDATE public.note SET n = n + 1;
    RAISE EXCEPTION USING MESSAGE = 'public.note', HINT = public.hint();
  END;
END
$outer$;

CREATE FUNCTION public.lower(public.mood) RETURNS text LANGUAGE sql AS 'SELECT 1::text';
COMMENT ON FUNCTION public.lower(public.mood) IS 'x';
DROP FUNCTION public.lower(public.mood);
CREATE OPERATOR public.+ (LEFTARG = public.mood, RIGHTARG = public.mood, FUNCTION = public.f);
DROP OPERATOR public.+ (public.mood, public.mood);

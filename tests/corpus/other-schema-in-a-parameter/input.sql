CREATE FUNCTION public.f(a other.mood) RETURNS integer LANGUAGE sql AS 'SELECT 1';

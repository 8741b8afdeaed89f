DROP FUNCTION public.f(integer), other.g(text);

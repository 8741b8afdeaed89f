CREATE INDEX i ON public.t USING gin (a other.gin_trgm_ops);

CREATE VIEW public.v AS SELECT t.id, other.u.public FROM public.t JOIN other.u USING (id);

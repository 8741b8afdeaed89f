CREATE TRIGGER tsv BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(tsv, 'public.german', body);

CREATE TABLE public.t (a integer) WITH (fillfactor = 70, toast.autovacuum_enabled = false);

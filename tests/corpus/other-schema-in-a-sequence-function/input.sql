ALTER TABLE public.t ALTER COLUMN id SET DEFAULT nextval('other.s'::regclass);

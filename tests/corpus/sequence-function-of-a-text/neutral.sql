ALTER TABLE "{tenant}".t ALTER COLUMN id SET DEFAULT nextval(('"{tenant}".s'::text)::regclass);

ALTER TABLE public.t ALTER COLUMN name TYPE text COLLATE "other"."de";

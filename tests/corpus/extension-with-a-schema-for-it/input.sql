CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
CREATE TABLE public.t (id uuid DEFAULT extensions.uuid_generate_v4());

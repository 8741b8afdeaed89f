CREATE DOMAIN public.d AS text CHECK (other.ok(VALUE));

CREATE TYPE public.r AS RANGE (SUBTYPE = integer, SUBTYPE_OPCLASS = other.ops);

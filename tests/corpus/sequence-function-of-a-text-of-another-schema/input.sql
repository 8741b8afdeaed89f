SELECT nextval('other.s'::text);

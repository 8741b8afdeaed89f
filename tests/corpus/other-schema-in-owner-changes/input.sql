ALTER TYPE other.mood OWNER TO app;
ALTER FUNCTION other.f(integer) OWNER TO app;
ALTER TABLE other.t OWNER TO app;

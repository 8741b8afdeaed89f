CREATE FUNCTION near(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT left($1, 1) = left($2, 1) $$;
CREATE FUNCTION far(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT left($1, 1) <> left($2, 1) $$;
CREATE OPERATOR === (FUNCTION = near, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR !=== (FUNCTION = far, LEFTARG = text, RIGHTARG = text, NEGATOR = ===);
CREATE VIEW nearly AS SELECT 'a' === 'b' AS yes;

CREATE FUNCTION "{tenant}".next_no() RETURNS bigint LANGUAGE 'sql' AS 'SELECT nextval(''"{tenant}".no'') WHERE ''public.no'' <> ''it''''s''';

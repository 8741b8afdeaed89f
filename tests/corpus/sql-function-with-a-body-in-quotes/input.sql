CREATE FUNCTION public.next_no() RETURNS bigint LANGUAGE 'sql' AS 'SELECT nextval(''public.no'') WHERE ''public.no'' <> ''it''''s''';

ALTER SYSTEM SET work_mem = '1GB';
ALTER DATABASE app SET search_path = public;
ALTER ROLE app SET search_path = public;
LOAD 'auto_explain';

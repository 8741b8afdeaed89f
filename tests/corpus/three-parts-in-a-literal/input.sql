SELECT nextval('shared.other.seq');
SELECT 'shared.other.users'::regclass;

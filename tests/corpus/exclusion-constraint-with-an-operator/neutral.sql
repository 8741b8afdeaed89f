CREATE TABLE "{tenant}".t (r int4range, EXCLUDE USING gist (r WITH OPERATOR("{tenant}".&&)));

WITH t AS (SELECT * FROM "{tenant}".t WHERE id < 10) UPDATE "{tenant}".t SET n = t.n FROM t WHERE "{tenant}".t.id = 1;

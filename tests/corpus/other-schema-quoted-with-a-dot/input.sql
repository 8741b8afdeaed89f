SELECT * FROM "a.b".t;

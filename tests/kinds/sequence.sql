CREATE SEQUENCE tickets AS smallint INCREMENT BY 5 MINVALUE 5 MAXVALUE 500 START 10 CACHE 2 CYCLE;
SELECT setval('tickets', 40, false);
CREATE SEQUENCE counting_down INCREMENT BY -1;
SELECT nextval('counting_down');

CREATE SEQUENCE "{tenant}"."invoice_no" INCREMENT BY 10 MINVALUE 10 MAXVALUE 9000 START WITH 10 CACHE 1 CYCLE;
ALTER SEQUENCE "{tenant}"."invoice_no" INCREMENT BY 5;
ALTER SEQUENCE "{tenant}"."invoice_no" OWNED BY "{tenant}"."invoice"."no";
ALTER SEQUENCE "{tenant}"."invoice_no" RENAME TO "invoice_number";
DROP SEQUENCE "{tenant}"."invoice_number";

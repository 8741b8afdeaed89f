CREATE SEQUENCE "public"."invoice_no" INCREMENT BY 10 MINVALUE 10 MAXVALUE 9000 START WITH 10 CACHE 1 CYCLE;--> statement-breakpoint
ALTER SEQUENCE "public"."invoice_no" INCREMENT BY 5;--> statement-breakpoint
ALTER SEQUENCE "public"."invoice_no" OWNED BY "public"."invoice"."no";--> statement-breakpoint
ALTER SEQUENCE "public"."invoice_no" RENAME TO "invoice_number";--> statement-breakpoint
DROP SEQUENCE "public"."invoice_number";

ALTER TABLE "Workflow" ALTER COLUMN "timeUnit" SET DEFAULT 'day'::"public"."TimeUnit";--> statement-breakpoint
ALTER TYPE "public"."WorkflowTrigger" RENAME VALUE 'NEW_EVENT' TO 'NEW "public"."EVENT"';--> statement-breakpoint
CREATE SEQUENCE "public"."invoice_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 99999 START WITH 1 CACHE 1 CYCLE;--> statement-breakpoint
ALTER TABLE "Payment" ADD COLUMN "invoice" text DEFAULT 'INV-' || nextval('"public"."invoice_seq"') NOT NULL;--> statement-breakpoint
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_invoice_unique" UNIQUE("invoice") DEFERRABLE;--> statement-breakpoint
DROP SEQUENCE IF EXISTS "public"."no_such_seq";--> statement-breakpoint
COMMENT ON SEQUENCE "public"."invoice_seq" IS 'for "public"."Payment"."invoice"';

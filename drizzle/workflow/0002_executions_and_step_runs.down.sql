DROP TABLE "executions" CASCADE;--> statement-breakpoint
DROP TABLE "step_runs" CASCADE;--> statement-breakpoint
DROP TYPE "public"."execution_status";--> statement-breakpoint
DROP SEQUENCE "public"."execution_number_seq";

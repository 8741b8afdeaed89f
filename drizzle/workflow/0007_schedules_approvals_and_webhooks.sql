CREATE TYPE "public"."approval_decision" AS ENUM('pending', 'approved', 'rejected');--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"step_run_id" bigint NOT NULL,
	"approver_id" uuid NOT NULL,
	"question" text NOT NULL,
	"decision" "approval_decision" DEFAULT 'pending' NOT NULL,
	"comment" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp with time zone,
	"decided_at" timestamp with time zone,
	CONSTRAINT "approvals_step_run_approver_key" UNIQUE("step_run_id","approver_id"),
	CONSTRAINT "approvals_decided_has_date" CHECK (("approvals"."decision" = 'pending') = ("approvals"."decided_at" is null))
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"workflow_id" uuid NOT NULL,
	"name" text NOT NULL,
	"cron" text NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"input" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"last_run_at" timestamp with time zone,
	"next_run_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedules_workflow_name_key" UNIQUE("workflow_id","name"),
	CONSTRAINT "schedules_cron_has_five_fields" CHECK (array_length(string_to_array("schedules"."cron", ' '), 1) = 5)
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"workflow_id" uuid NOT NULL,
	"path" text NOT NULL,
	"secret_hash" text NOT NULL,
	"callback_url" text,
	"notify_on" "execution_status"[] DEFAULT '{"succeeded","failed"}' NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"last_called_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhooks_path_key" UNIQUE("path"),
	CONSTRAINT "webhooks_callback_is_https" CHECK ("webhooks"."callback_url" like 'https://%'),
	CONSTRAINT "webhooks_notifies_of_something" CHECK (cardinality("webhooks"."notify_on") > 0)
);
--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_step_run_id_step_runs_id_fk" FOREIGN KEY ("step_run_id") REFERENCES "public"."step_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approvals_inbox_idx" ON "approvals" USING btree ("approver_id","due_at") WHERE "approvals"."decision" = 'pending';--> statement-breakpoint
CREATE INDEX "schedules_due_idx" ON "schedules" USING btree ("next_run_at") WHERE "schedules"."enabled";--> statement-breakpoint
CREATE INDEX "webhooks_workflow_id_idx" ON "webhooks" USING btree ("workflow_id");--> statement-breakpoint
CREATE INDEX "webhooks_notify_on_idx" ON "webhooks" USING gin ("notify_on");--> statement-breakpoint
CREATE INDEX "executions_waiting_idx" ON "executions" USING btree ("started_at") WHERE "executions"."status" = 'waiting';
CREATE TYPE public."WorkflowTrigger" AS ENUM('BEFORE_EVENT', 'NEW_EVENT', 'EVENT_CANCELLED');--> statement-breakpoint
CREATE TYPE "public"."TimeUnit" AS ENUM('day', 'hour', 'minute');--> statement-breakpoint
CREATE TABLE "Workflow" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"trigger" "WorkflowTrigger" NOT NULL,
	"time" integer,
	"timeUnit" "TimeUnit",
	"userId" integer
);
--> statement-breakpoint
CREATE TABLE "WorkflowStep" ("id" serial PRIMARY KEY NOT NULL, "stepNumber" integer NOT NULL, "workflowId" integer NOT NULL, "methods" "public"."ReminderMethod"[] DEFAULT '{email}' NOT NULL);
--> statement-breakpoint
CREATE TABLE "WorkflowsOnEventTypes" ("workflowId" integer NOT NULL, "eventTypeId" integer NOT NULL, CONSTRAINT "WorkflowsOnEventTypes_pk" PRIMARY KEY("workflowId","eventTypeId"));
--> statement-breakpoint
ALTER TABLE "Workflow" ADD CONSTRAINT "Workflow_userId_users_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "WorkflowStep" ADD CONSTRAINT "WorkflowStep_workflowId_Workflow_id_fk" FOREIGN KEY ("workflowId") REFERENCES "public"."Workflow"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "WorkflowsOnEventTypes" ADD CONSTRAINT "WorkflowsOnEventTypes_workflowId_Workflow_id_fk" FOREIGN KEY ("workflowId") REFERENCES "public"."Workflow"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "WorkflowsOnEventTypes" ADD CONSTRAINT "WorkflowsOnEventTypes_eventTypeId_EventType_id_fk" FOREIGN KEY ("eventTypeId") REFERENCES "public"."EventType"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
CREATE INDEX "WorkflowStep_workflowId_idx" ON "WorkflowStep" USING btree ("workflowId");--> statement-breakpoint
CREATE INDEX "WorkflowStep_methods_idx" ON "WorkflowStep" USING gin ("methods");

-- Incoming mail reaches a workflow through a webhook now.
UPDATE "executions" SET "trigger" = 'webhook' WHERE "trigger" = 'email';
--> statement-breakpoint
UPDATE "workflows" SET "default_trigger" = 'webhook' WHERE "default_trigger" = 'email';
--> statement-breakpoint
-- An execution whose current step waits for a person is itself waiting.
UPDATE "executions"
SET "status" = 'waiting'
FROM "step_runs"
JOIN "approvals" ON "approvals"."step_run_id" = "step_runs"."id"
WHERE "step_runs"."execution_id" = "executions"."id"
  AND "approvals"."decision" = 'pending'
  AND "executions"."status" = 'running';

-- Which webhooks stood for incoming mail was not kept, so that they stay webhooks.
-- drizzle-fleet: data-loss executions whose trigger was email keep webhook
-- drizzle-fleet: data-loss workflows whose default trigger was email keep webhook

-- An execution whose current step waits for a person counts as running.
UPDATE "executions"
SET "status" = 'running'
FROM "step_runs"
JOIN "approvals" ON "approvals"."step_run_id" = "step_runs"."id"
WHERE "step_runs"."execution_id" = "executions"."id"
  AND "approvals"."decision" = 'pending'
  AND "executions"."status" = 'waiting';

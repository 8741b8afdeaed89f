INSERT INTO public."Workflow" (name, trigger, "time", "timeUnit", "userId")
SELECT 'Remind ' || u.username, 'BEFORE_EVENT'::public."WorkflowTrigger", 24, 'hour'::public."TimeUnit", u.id FROM public.users u;
--> statement-breakpoint
INSERT INTO public."WorkflowStep" ("stepNumber", "workflowId", methods)
SELECT 1, public."Workflow".id, array_remove(enum_range('email'::public."ReminderMethod", NULL), 'sms'::public."ReminderMethod") FROM public."Workflow";
--> statement-breakpoint
INSERT INTO public."WorkflowsOnEventTypes" SELECT w.id, e.id FROM public."Workflow" AS w NATURAL JOIN (SELECT public."EventType"."userId", public."EventType".id AS eid FROM public."EventType") AS q(  "userId", eid) JOIN public."EventType" e ON e.id = q.eid;
--> statement-breakpoint
WITH doomed AS (
	DELETE FROM public."WorkflowsOnEventTypes" AS x USING public."EventType" WHERE public."EventType".id = x."eventTypeId" AND public."EventType".length = 15 RETURNING x."workflowId"
)
UPDATE public."Workflow" AS w SET "time" = w."time" * 2, "timeUnit" = DEFAULT FROM doomed WHERE doomed."workflowId" = w.id AND w.trigger IN ('BEFORE_EVENT'::public."WorkflowTrigger", 'NEW_EVENT');

CREATE TEMPORARY TABLE "stale sessions" AS SELECT s.id FROM public.sessions s WHERE NOT EXISTS (SELECT FROM public.topics WHERE public.topics.session_id = s.id);
--> statement-breakpoint
UPDATE public.messages SET session_id = NULL FROM "stale sessions" x WHERE x.id = public.messages.session_id;
--> statement-breakpoint
DELETE FROM public.sessions WHERE public.sessions.id IN (SELECT "stale sessions".id FROM "stale sessions");
--> statement-breakpoint
DROP TABLE "stale sessions";
--> statement-breakpoint
BEGIN;
CREATE TEMP TABLE counts (n bigint) ON COMMIT DROP;
INSERT INTO counts SELECT count(*) FROM public.sessions;
INSERT INTO public.tickets (body) SELECT 'sessions: ' || counts.n FROM counts;
COMMIT;

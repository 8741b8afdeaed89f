CREATE TEMPORARY TABLE "project ids" AS TABLE public.project;
--> statement-breakpoint
ALTER TABLE "project ids" DROP COLUMN "description";
--> statement-breakpoint
DELETE FROM "project ids" USING public.redis WHERE public.redis."projectId" = "project ids"."projectId" AND public.redis."redisId" = 're_p_u1';
--> statement-breakpoint
CREATE TABLE "volume_backup" AS SELECT 'vb_' || i."projectId" AS id, public.project.name, NULL::public."deploymentStatus" AS status, public.next_status('queued') AS next FROM "project ids" AS i JOIN public.project USING ("projectId");
--> statement-breakpoint
DROP TABLE IF EXISTS "project ids";
--> statement-breakpoint
ALTER TABLE public.volume_backup ADD PRIMARY KEY (id), ALTER COLUMN status SET DEFAULT 'queued'::public."deploymentStatus", ALTER COLUMN next TYPE text USING public.volume_backup.next::text || '.public.';
--> statement-breakpoint
UPDATE public.volume_backup SET status = DEFAULT WHERE status IS NULL;

CREATE INDEX CONCURRENTLY "domain_applicationId_idx" ON "public"."domain" ("applicationId");
CREATE INDEX CONCURRENTLY "mount_applicationId_idx" ON "mount" USING hash ("applicationId")
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "member_idx" ON public.member (organization_id, user_id) WITH (fillfactor = 75);

ALTER TABLE "project" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "compose" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE FUNCTION public.my_organizations() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
	SELECT public.member.organization_id FROM public.member WHERE public.member.user_id = current_setting('app.user', true);
END;--> statement-breakpoint
CREATE POLICY "members" ON "project" AS PERMISSIVE FOR ALL TO public USING ("public"."project"."organizationId" IN (SELECT public.my_organizations())) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY public ON public.project AS RESTRICTIVE FOR SELECT TO public USING (public.project.name <> 'public.hidden');--> statement-breakpoint
CREATE POLICY "compose members" ON "public"."compose" FOR SELECT TO public USING (EXISTS (SELECT 1 FROM public.project AS public WHERE public."projectId" = compose."projectId" AND public.name <> 'public'));--> statement-breakpoint
CREATE POLICY "compose insert" ON "compose" FOR INSERT TO public, CURRENT_USER WITH CHECK ("composeType" = 'stack'::"public"."composeType");--> statement-breakpoint
ALTER POLICY "members" ON "project" TO public USING ("organizationId" = ANY (ARRAY(SELECT public.my_organizations())));--> statement-breakpoint
DROP POLICY "compose insert" ON "public"."compose" CASCADE;--> statement-breakpoint
COMMENT ON POLICY public ON public.project IS 'a policy called public';--> statement-breakpoint
COMMENT ON POLICY "compose members" ON "compose" IS 'alias public';

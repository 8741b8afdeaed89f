CREATE TABLE "organization" ("id" text PRIMARY KEY NOT NULL, "name" text NOT NULL, "slug" text, "owner_id" text NOT NULL, CONSTRAINT "organization_slug_unique" UNIQUE("slug"));--> statement-breakpoint
CREATE TABLE "member" ("id" text PRIMARY KEY NOT NULL, "organization_id" text NOT NULL, "user_id" text NOT NULL, "role" text NOT NULL);--> statement-breakpoint
ALTER TABLE "organization" ADD CONSTRAINT "organization_owner_id_user_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."user"("userId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member" ADD CONSTRAINT "member_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member" ADD CONSTRAINT "member_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("userId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "project" ADD COLUMN "organizationId" text;--> statement-breakpoint
-- data migration
WITH inserted_orgs AS (
	INSERT INTO public.organization (id, name, slug, owner_id)
	SELECT 'org_' || public."user"."userId", 'My Organization', NULLIF(public."user".token, 'public.token'), public."user"."userId" FROM public."user" WHERE public."user"."isRegistered"
	RETURNING *
), members AS (
	INSERT INTO public.member (id, organization_id, user_id, role)
	SELECT 'mem_' || inserted_orgs.id, inserted_orgs.id, inserted_orgs.owner_id, 'owner' FROM inserted_orgs
	RETURNING public.member.id, public.member.user_id, member.organization_id
)
UPDATE public.project SET "organizationId" = members.organization_id FROM members WHERE members.user_id = public.project."userId";
--> statement-breakpoint
DELETE FROM public.project WHERE public.project."organizationId" IS NULL;--> statement-breakpoint
ALTER TABLE "project" ALTER COLUMN "organizationId" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "project" ADD CONSTRAINT "project_organizationId_fk" FOREIGN KEY ("organizationId") REFERENCES "public"."organization"("id") ON DELETE cascade ON UPDATE no action;

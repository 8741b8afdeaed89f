-- no breakpoints in here; "public"."Team" gets a tree of three
WITH RECURSIVE org AS (
	INSERT INTO public."Team" (name, slug) VALUES ('Acme', 'acme') RETURNING id
)
INSERT INTO public."Team" (name, slug, "parentId") SELECT n, lower(n), NULL FROM org, unnest(ARRAY['Sales', 'Support']) AS n;

UPDATE public."Team" SET "parentId" = parent.id FROM public."Team" AS parent WHERE parent.slug = 'acme' AND public."Team".slug <> 'acme';

/* everybody joins, /* the admin owns */ see public."Membership" */
INSERT INTO public."Membership" ("teamId", "userId", accepted, role)
SELECT t.id, u.id, true, CASE u.role WHEN 'ADMIN'::public."UserPermissionRole" THEN 'OWNER' ELSE 'MEMBER' END::public."MembershipRole"
FROM public."Team" t, public.users u;

DELETE FROM public."Membership" USING public."Team" AS t WHERE t.id = public."Membership"."teamId" AND t."parentId" IS NOT NULL AND public."Membership"."userId" = 1

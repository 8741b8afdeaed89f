-- The built-in permissions and roles, and a role for every membership that exists already.
INSERT INTO "permissions" ("key", "description") VALUES
  ('organisation:read', 'See the organisation and its settings'),
  ('organisation:update', 'Change the settings of the organisation'),
  ('organisation:delete', 'Delete the organisation'),
  ('members:read', 'List the members'),
  ('members:invite', 'Invite people'),
  ('members:remove', 'Remove members'),
  ('roles:read', 'List roles and what they allow'),
  ('roles:assign', 'Give roles to members and take them away'),
  ('api_keys:read', 'List API keys'),
  ('api_keys:manage', 'Create and revoke API keys'),
  ('workflows:read', 'See workflows and their executions'),
  ('workflows:edit', 'Create and change workflows'),
  ('workflows:run', 'Start executions'),
  ('audit_log:read', 'Read the audit log')
ON CONFLICT ("key") DO NOTHING;
--> statement-breakpoint
INSERT INTO "roles" ("key", "name", "is_system") VALUES
  ('viewer', 'Viewer', true),
  ('member', 'Member', true),
  ('admin', 'Administrator', true),
  ('owner', 'Owner', true)
ON CONFLICT ("organisation_id", "key") DO NOTHING;
--> statement-breakpoint
UPDATE "roles" AS "child"
SET "inherits_from_id" = "parent"."id"
FROM "roles" AS "parent"
WHERE "child"."is_system"
  AND "parent"."is_system"
  AND ("child"."key", "parent"."key") IN (('member', 'viewer'), ('admin', 'member'), ('owner', 'admin'));
--> statement-breakpoint
INSERT INTO "role_permissions" ("role_id", "permission_id")
SELECT "roles"."id", "permissions"."id"
FROM "roles"
JOIN "permissions" ON CASE "roles"."key"
  WHEN 'viewer' THEN "permissions"."action" = 'read' AND "permissions"."resource" IN ('organisation', 'members', 'workflows')
  WHEN 'member' THEN "permissions"."resource" = 'workflows' AND "permissions"."action" IN ('edit', 'run')
  WHEN 'admin' THEN "permissions"."key" <> 'organisation:delete' AND "permissions"."resource" <> 'workflows'
  WHEN 'owner' THEN "permissions"."key" = 'organisation:delete'
  ELSE false
END
WHERE "roles"."is_system"
ON CONFLICT DO NOTHING;
--> statement-breakpoint
INSERT INTO "role_assignments" ("organisation_id", "user_id", "role_id")
SELECT "memberships"."organisation_id", "memberships"."user_id", "roles"."id"
FROM "memberships"
JOIN "roles"
  ON "roles"."is_system"
  AND "roles"."key" = CASE WHEN "memberships"."is_owner" THEN 'owner' ELSE 'member' END
ON CONFLICT DO NOTHING;

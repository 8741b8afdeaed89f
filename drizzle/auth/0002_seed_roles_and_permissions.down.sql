-- Takes back the roles of memberships, the built-in roles and the built-in permissions, as far as
-- nobody has changed or used them. Assignments of the migration are known by their time: it is that
-- of the roles, which came in the same transaction.
DELETE FROM "role_assignments"
USING "roles"
WHERE "roles"."id" = "role_assignments"."role_id"
  AND "roles"."is_system"
  AND "roles"."key" IN ('member', 'owner')
  AND "role_assignments"."granted_at" = "roles"."created_at"
  AND "role_assignments"."granted_by" IS NULL
  AND "role_assignments"."expires_at" IS NULL;
--> statement-breakpoint
-- A built-in role stays when it was changed, when somebody has it, when it got further permissions,
-- or when a role that stays inherits from it. It keeps its permissions; those of the others go with them.
WITH RECURSIVE "kept" AS (
  SELECT "roles"."id", "roles"."inherits_from_id"
  FROM "roles"
  WHERE NOT "roles"."is_system"
    OR ("roles"."key", "roles"."name") NOT IN
      (('viewer', 'Viewer'), ('member', 'Member'), ('admin', 'Administrator'), ('owner', 'Owner'))
    OR "roles"."updated_at" <> "roles"."created_at"
    OR EXISTS (SELECT FROM "role_assignments" WHERE "role_assignments"."role_id" = "roles"."id")
    OR EXISTS (
      SELECT
      FROM "role_permissions"
      JOIN "permissions" ON "permissions"."id" = "role_permissions"."permission_id"
      WHERE "role_permissions"."role_id" = "roles"."id"
        AND NOT CASE "roles"."key"
          WHEN 'viewer' THEN "permissions"."action" = 'read' AND "permissions"."resource" IN ('organisation', 'members', 'workflows')
          WHEN 'member' THEN "permissions"."resource" = 'workflows' AND "permissions"."action" IN ('edit', 'run')
          WHEN 'admin' THEN "permissions"."key" <> 'organisation:delete' AND "permissions"."resource" <> 'workflows'
          WHEN 'owner' THEN "permissions"."key" = 'organisation:delete'
          ELSE false
        END
    )
  UNION
  SELECT "parent"."id", "parent"."inherits_from_id"
  FROM "kept"
  JOIN "roles" AS "parent" ON "parent"."id" = "kept"."inherits_from_id"
)
DELETE FROM "roles"
WHERE "id" NOT IN (SELECT "id" FROM "kept");
--> statement-breakpoint
-- A permission stays when its description was changed, or when a role has it.
DELETE FROM "permissions"
WHERE ("key", "description") IN (
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
  )
  AND NOT EXISTS (
    SELECT FROM "role_permissions" WHERE "role_permissions"."permission_id" = "permissions"."id"
  );

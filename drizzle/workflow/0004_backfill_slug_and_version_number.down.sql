-- Takes back the slugs and numbers that the migration would give again just so. Any other was given
-- by somebody, and stays.
UPDATE "workflow_versions"
SET "version_number" = NULL
FROM (
  SELECT
    "id",
    row_number() OVER (PARTITION BY "workflow_id" ORDER BY "created_at", "id") AS "number"
  FROM "workflow_versions"
) AS "numbered"
WHERE "numbered"."id" = "workflow_versions"."id"
  AND "workflow_versions"."version_number" = "numbered"."number";
--> statement-breakpoint
WITH "bases" AS (
  SELECT
    "id",
    "created_at",
    coalesce(
      nullif(btrim(left(regexp_replace(lower("name"), '[^a-z0-9]+', '-', 'g'), 60), '-'), ''),
      'workflow'
    ) AS "base"
  FROM "workflows"
), "ranked" AS (
  SELECT
    "id",
    "base",
    row_number() OVER (PARTITION BY "base" ORDER BY "created_at", "id") AS "rank"
  FROM "bases"
)
UPDATE "workflows"
SET "slug" = NULL
FROM "ranked"
WHERE "ranked"."id" = "workflows"."id"
  AND "workflows"."slug" = CASE
    WHEN "ranked"."rank" = 1 THEN "ranked"."base"
    ELSE "ranked"."base" || '-' || left("workflows"."id"::text, 8)
  END;

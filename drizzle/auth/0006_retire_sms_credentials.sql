-- Text messages are no longer a second factor. Sessions of those who used them end, so that they
-- enrol another one at the next sign-in.
UPDATE "sessions"
SET "revoked_at" = now()
WHERE "revoked_at" IS NULL
  AND "user_id" IN (SELECT "user_id" FROM "credentials" WHERE "type" = 'sms');
--> statement-breakpoint
DELETE FROM "credentials" WHERE "type" = 'sms';

-- updated_at is up to the application again, and so is what happens to the audit log.
DROP TRIGGER "audit_log_append_only" ON "audit_log";
--> statement-breakpoint
DROP FUNCTION "audit_log_refuse_change"();
--> statement-breakpoint
DROP TRIGGER "roles_touch_updated_at" ON "roles";
--> statement-breakpoint
DROP TRIGGER "oauth_accounts_touch_updated_at" ON "oauth_accounts";
--> statement-breakpoint
DROP TRIGGER "credentials_touch_updated_at" ON "credentials";
--> statement-breakpoint
DROP TRIGGER "users_touch_updated_at" ON "users";
--> statement-breakpoint
DROP TRIGGER "organisations_touch_updated_at" ON "organisations";
--> statement-breakpoint
DROP FUNCTION "touch_updated_at"();

-- updated_at is up to the application again.
DROP TRIGGER "webhooks_touch_updated_at" ON "webhooks";
--> statement-breakpoint
DROP TRIGGER "schedules_touch_updated_at" ON "schedules";
--> statement-breakpoint
DROP TRIGGER "tools_touch_updated_at" ON "tools";
--> statement-breakpoint
DROP TRIGGER "agents_touch_updated_at" ON "agents";
--> statement-breakpoint
DROP TRIGGER "workflows_touch_updated_at" ON "workflows";
--> statement-breakpoint
DROP FUNCTION "touch_updated_at"();

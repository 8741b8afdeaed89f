-- updated_at is kept current by the database.
CREATE FUNCTION "touch_updated_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER "workflows_touch_updated_at" BEFORE UPDATE ON "workflows"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "agents_touch_updated_at" BEFORE UPDATE ON "agents"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "tools_touch_updated_at" BEFORE UPDATE ON "tools"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "schedules_touch_updated_at" BEFORE UPDATE ON "schedules"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "webhooks_touch_updated_at" BEFORE UPDATE ON "webhooks"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

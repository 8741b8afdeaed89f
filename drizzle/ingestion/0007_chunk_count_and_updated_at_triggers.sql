-- Keeps documents.chunk_count right.
CREATE FUNCTION "chunks_count"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP IN ('DELETE', 'UPDATE') THEN
    UPDATE documents SET chunk_count = chunk_count - 1 WHERE id = OLD.document_id;
  END IF;
  IF TG_OP IN ('INSERT', 'UPDATE') THEN
    UPDATE documents SET chunk_count = chunk_count + 1 WHERE id = NEW.document_id;
  END IF;
  RETURN NULL;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER "chunks_count" AFTER INSERT OR DELETE OR UPDATE OF "document_id" ON "chunks"
  FOR EACH ROW EXECUTE FUNCTION "chunks_count"();
--> statement-breakpoint
CREATE FUNCTION "touch_updated_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER "connectors_touch_updated_at" BEFORE UPDATE ON "connectors"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "sources_touch_updated_at" BEFORE UPDATE ON "sources"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "documents_touch_updated_at" BEFORE UPDATE ON "documents"
  FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

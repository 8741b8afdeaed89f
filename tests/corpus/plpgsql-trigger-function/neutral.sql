CREATE OR REPLACE FUNCTION "{tenant}".touch() RETURNS TRIGGER AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.public IS DISTINCT FROM NEW.public THEN NEW.updated_at = now(); END IF;
  INSERT INTO "{tenant}".log VALUES (NEW.*, TG_TABLE_SCHEMA || '.public');
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;

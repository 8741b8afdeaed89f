COMMENT ON COLUMN other.t.id IS 'x';

GRANT app TO other;

SELECT 'größe', '日本語', '😀' FROM "größe" JOIN öther.t USING (id);

CREATE POLICY "public" ON "{tenant}"."public" TO PUBLIC, "Public", current_user USING (pg_has_role("public", 'member'));

ALTER TABLE "{tenant}"."note" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "read" ON "{tenant}"."note" AS PERMISSIVE FOR SELECT TO public USING (true);
CREATE POLICY "write" ON "{tenant}"."note" AS RESTRICTIVE FOR ALL TO "public" USING (owner = current_user) WITH CHECK ("{tenant}"."note"."public" IS NOT NULL);
ALTER POLICY "read" ON "{tenant}"."note" TO public USING ("owner" = current_setting('app.user'));
ALTER POLICY "read" ON "{tenant}"."note" RENAME TO "public";
DROP POLICY "public" ON "{tenant}"."note" CASCADE;
ALTER TABLE "{tenant}"."note" DISABLE ROW LEVEL SECURITY;

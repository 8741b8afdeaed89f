CREATE TABLE "profiles" ("id" uuid REFERENCES "auth"."users" ("id"), "e" "auth"."e");
ALTER TABLE "profiles" ADD CONSTRAINT "fk" FOREIGN KEY ("id") REFERENCES "auth"."users" ("id");
CREATE POLICY "p" ON "profiles" USING (auth.uid() = id);
CREATE VIEW v AS SELECT * FROM auth.users;
CREATE TABLE likeness (LIKE auth.users);
INSERT INTO auth.users VALUES (1) ON CONFLICT DO NOTHING;
UPDATE auth.users SET x = 1;
DELETE FROM auth.users WHERE false;
CREATE TRIGGER t AFTER INSERT ON profiles FOR EACH ROW EXECUTE FUNCTION auth.f();

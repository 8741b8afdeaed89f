DO $$ BEGIN
 ALTER TABLE "a" ADD CONSTRAINT "a_b_fk" FOREIGN KEY ("b") REFERENCES "auth"."b"("id");
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;

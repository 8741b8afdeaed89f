ALTER TABLE "{tenant}"."a" ADD CONSTRAINT "a_fk" FOREIGN KEY ("b") REFERENCES "auth"."users"("id") ON DELETE cascade;

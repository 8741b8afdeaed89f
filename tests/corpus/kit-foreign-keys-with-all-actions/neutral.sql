ALTER TABLE "a" ADD CONSTRAINT "a_1" FOREIGN KEY ("x") REFERENCES "{tenant}"."b"("id") ON DELETE no action ON UPDATE no action;
ALTER TABLE "a" ADD CONSTRAINT "a_2" FOREIGN KEY ("x") REFERENCES "{tenant}"."b"("id") ON DELETE cascade ON UPDATE cascade;
ALTER TABLE "a" ADD CONSTRAINT "a_3" FOREIGN KEY ("x","y") REFERENCES "{tenant}"."b"("id","y") ON DELETE set null ON UPDATE restrict;
ALTER TABLE "a" ADD CONSTRAINT "public.a_4" FOREIGN KEY ("x") REFERENCES "{tenant}"."public"("public") ON DELETE set default;
ALTER TABLE "a" DROP CONSTRAINT "public.a_4";

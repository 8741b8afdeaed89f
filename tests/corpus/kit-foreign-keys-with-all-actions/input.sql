ALTER TABLE "a" ADD CONSTRAINT "a_1" FOREIGN KEY ("x") REFERENCES "public"."b"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "a" ADD CONSTRAINT "a_2" FOREIGN KEY ("x") REFERENCES "public"."b"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "a" ADD CONSTRAINT "a_3" FOREIGN KEY ("x","y") REFERENCES "public"."b"("id","y") ON DELETE set null ON UPDATE restrict;--> statement-breakpoint
ALTER TABLE "a" ADD CONSTRAINT "public.a_4" FOREIGN KEY ("x") REFERENCES "public"."public"("public") ON DELETE set default;--> statement-breakpoint
ALTER TABLE "a" DROP CONSTRAINT "public.a_4";

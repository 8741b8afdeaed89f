ALTER TABLE "domain" ALTER COLUMN "certificateType" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "domain" ALTER COLUMN "certificateType" SET DEFAULT 'none'::text;--> statement-breakpoint
DROP TYPE "public"."certificateType";--> statement-breakpoint
CREATE TYPE "public"."certificateType" AS ENUM('letsencrypt', 'none', 'custom');--> statement-breakpoint
ALTER TABLE "domain" ALTER COLUMN "certificateType" SET DEFAULT 'none'::"public"."certificateType";--> statement-breakpoint
ALTER TABLE "domain" ALTER COLUMN "certificateType" SET DATA TYPE "public"."certificateType" USING "certificateType"::"public"."certificateType";

ALTER TABLE "credentials" ALTER COLUMN "type" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "credentials" ALTER COLUMN "type" SET DEFAULT 'password'::text;--> statement-breakpoint
DROP TYPE "public"."credential_type";--> statement-breakpoint
CREATE TYPE "public"."credential_type" AS ENUM('password', 'totp', 'webauthn', 'recovery_code');--> statement-breakpoint
ALTER TABLE "credentials" ALTER COLUMN "type" SET DEFAULT 'password'::"public"."credential_type";--> statement-breakpoint
ALTER TABLE "credentials" ALTER COLUMN "type" SET DATA TYPE "public"."credential_type" USING "type"::"public"."credential_type";
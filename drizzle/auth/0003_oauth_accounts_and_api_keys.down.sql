ALTER TABLE "api_keys" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "oauth_accounts" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "api_keys" CASCADE;--> statement-breakpoint
DROP TABLE "oauth_accounts" CASCADE;--> statement-breakpoint
DROP INDEX "organisations_account_number_key";--> statement-breakpoint
ALTER TABLE "organisations" DROP COLUMN "account_number";--> statement-breakpoint
DROP TYPE "public"."oauth_provider";--> statement-breakpoint
DROP SEQUENCE "public"."account_number_seq";

CREATE TYPE "public"."provider_source" AS ENUM('builtin', 'custom');--> statement-breakpoint
CREATE TYPE "public"."model_ability" AS ENUM('vision', 'function call', 'reasoning', 'it''s search');--> statement-breakpoint
CREATE TABLE "ai_providers" (
	"id" varchar(64) NOT NULL,
	"name" text,
	"user_id" text NOT NULL,
	"source" "provider_source" DEFAULT 'builtin' NOT NULL,
	"sort" integer,
	"enabled" boolean,
	"settings" jsonb DEFAULT '{}'::jsonb,
	CONSTRAINT "ai_providers_id_user_id_pk" PRIMARY KEY("id","user_id")
);
--> statement-breakpoint
CREATE TABLE "ai_models" (
	"id" varchar(150) NOT NULL,
	"display_name" varchar(200),
	"provider_id" varchar(64) NOT NULL,
	"user_id" text NOT NULL,
	"abilities" "public"."model_ability"[] DEFAULT '{"vision","function call"}'::"public"."model_ability"[] NOT NULL,
	"context_window" integer,
	CONSTRAINT "ai_models_id_provider_id_user_id_pk" PRIMARY KEY("id","provider_id","user_id"),
	CONSTRAINT "ai_models_context_check" CHECK ("public"."ai_models"."context_window" > 0)
);
--> statement-breakpoint
ALTER TABLE "ai_models" ADD CONSTRAINT "ai_models_provider_fk" FOREIGN KEY ("provider_id","user_id") REFERENCES "public"."ai_providers"("id","user_id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "ai_providers" ADD CONSTRAINT "ai_providers_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;

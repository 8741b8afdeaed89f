ALTER TABLE "ai_models" ALTER COLUMN "abilities" SET DATA TYPE text[] USING "abilities"::text[];--> statement-breakpoint
ALTER TABLE "ai_models" ALTER COLUMN "abilities" SET DEFAULT '{}'::text[];--> statement-breakpoint
DROP TYPE "public"."model_ability";--> statement-breakpoint
CREATE TYPE "public"."model_ability" AS ENUM('vision', 'function call', 'reasoning', 'it''s search', 'public.images');--> statement-breakpoint
ALTER TABLE "ai_models" ALTER COLUMN "abilities" SET DEFAULT '{"public.images"}'::"public"."model_ability"[];--> statement-breakpoint
ALTER TABLE "ai_models" ALTER COLUMN "abilities" SET DATA TYPE "public"."model_ability"[] USING "abilities"::"public"."model_ability"[];--> statement-breakpoint
UPDATE public.ai_models SET abilities = abilities || 'public.images'::public.model_ability WHERE 'vision'::public.model_ability = ANY (public.ai_models.abilities);

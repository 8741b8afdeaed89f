ALTER TYPE "public"."composeType" ADD VALUE 'swarm';--> statement-breakpoint
ALTER TABLE "compose" ADD COLUMN "randomize" boolean DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE "public"."compose" SET "composeType" = 'swarm'::"public"."composeType" WHERE "public"."compose"."name" = 'Compose';--> statement-breakpoint
ALTER TABLE "compose" ALTER COLUMN "composeType" SET DEFAULT 'swarm';

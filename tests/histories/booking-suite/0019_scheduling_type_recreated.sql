ALTER TABLE "EventType" ALTER COLUMN "schedulingType" SET DATA TYPE text;--> statement-breakpoint
UPDATE "public"."EventType" SET "schedulingType" = 'round-robin' WHERE "schedulingType" = 'roundRobin';--> statement-breakpoint
DROP TYPE "public"."SchedulingType";--> statement-breakpoint
CREATE TYPE "public"."SchedulingType" AS ENUM('round-robin', 'collective', 'managed', 'public.event');--> statement-breakpoint
ALTER TABLE "EventType" ALTER COLUMN "schedulingType" SET DATA TYPE "public"."SchedulingType" USING "schedulingType"::"public"."SchedulingType";

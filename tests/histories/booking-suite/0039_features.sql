CREATE TYPE "public"."FeatureType" AS ENUM('RELEASE', 'EXPERIMENT', 'KILL_SWITCH');--> statement-breakpoint
CREATE TABLE "Feature" ("slug" text PRIMARY KEY NOT NULL, "enabled" boolean DEFAULT false NOT NULL, "type" "FeatureType" DEFAULT 'RELEASE', "updatedBy" integer);--> statement-breakpoint
CREATE TABLE "UserFeatures" ("userId" integer NOT NULL, "featureId" text NOT NULL, "assignedBy" text, CONSTRAINT "UserFeatures_pk" PRIMARY KEY("userId","featureId"));--> statement-breakpoint
ALTER TABLE "UserFeatures" ADD CONSTRAINT "UserFeatures_userId_users_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "UserFeatures" ADD CONSTRAINT "UserFeatures_featureId_Feature_slug_fk" FOREIGN KEY ("featureId") REFERENCES "public"."Feature"("slug") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
CREATE INDEX "UserFeatures_userId_featureId_idx" ON "UserFeatures" USING btree ("userId","featureId");--> statement-breakpoint
INSERT INTO public."Feature" (slug, enabled, type) VALUES ('emails', true, 'KILL_SWITCH'::public."FeatureType"), ('public.pages', false, DEFAULT);--> statement-breakpoint
WITH "Feature" AS (SELECT * FROM public."Feature" WHERE public."Feature".enabled)
INSERT INTO public."UserFeatures" ("userId", "featureId", "assignedBy")
SELECT m."userId", "Feature".slug, 'public' FROM "Feature", (SELECT DISTINCT public."Membership"."userId" FROM public."Membership") AS m
ON CONFLICT ON CONSTRAINT "UserFeatures_pk" DO NOTHING RETURNING public."UserFeatures"."userId";

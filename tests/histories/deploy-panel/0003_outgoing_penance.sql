ALTER TYPE "sourceType" ADD VALUE 'gitlab';--> statement-breakpoint
ALTER TYPE "public"."sourceType" ADD VALUE 'drop' BEFORE 'git';--> statement-breakpoint
CREATE TYPE "public"."deploymentStatus" AS ENUM('running', 'done', 'error');--> statement-breakpoint
CREATE TABLE "deployment" (
	"deploymentId" text PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"status" "deploymentStatus" DEFAULT 'running',
	"logPath" text NOT NULL,
	"applicationId" text,
	"createdAt" text DEFAULT '2024-05-02' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mount" ("mountId" text PRIMARY KEY NOT NULL, "type" text NOT NULL, "hostPath" text, "applicationId" text, CONSTRAINT "mount_type_check" CHECK ("public"."mount"."type" in ('bind', 'volume', 'public.file')));
--> statement-breakpoint
CREATE TABLE "port" ("portId" text PRIMARY KEY NOT NULL, "publishedPort" integer NOT NULL, "targetPort" integer NOT NULL, "applicationId" text NOT NULL);
--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_applicationId_fk" FOREIGN KEY ("applicationId") REFERENCES "public"."application"("applicationId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mount" ADD CONSTRAINT "mount_applicationId_fk" FOREIGN KEY ("applicationId") REFERENCES "public"."application"("applicationId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "port" ADD CONSTRAINT "port_applicationId_fk" FOREIGN KEY ("applicationId") REFERENCES "public"."application"("applicationId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "port_published" ON "public"."port" ("publishedPort") WHERE "public"."port"."publishedPort" <> 80;

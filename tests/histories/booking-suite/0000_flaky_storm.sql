DO $$ BEGIN
 CREATE TYPE "UserPermissionRole" AS ENUM('USER', 'ADMIN');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 CREATE TYPE "SchedulingType" AS ENUM('roundRobin', 'collective', 'managed');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "users" (
	"id" serial PRIMARY KEY NOT NULL,
	"uuid" uuid DEFAULT gen_random_uuid() NOT NULL,
	"username" text,
	"name" text,
	"email" text NOT NULL,
	"timeZone" text DEFAULT 'Europe/London' NOT NULL,
	"role" "UserPermissionRole" DEFAULT 'USER' NOT NULL,
	"createdAt" timestamp (3) DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "EventType" (
	"id" serial PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"slug" text NOT NULL,
	"length" integer NOT NULL,
	"hidden" boolean DEFAULT false NOT NULL,
	"schedulingType" "SchedulingType",
	"userId" integer
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "Booking" (
	"id" serial PRIMARY KEY NOT NULL,
	"uid" text NOT NULL,
	"userId" integer,
	"eventTypeId" integer,
	"title" text NOT NULL,
	"startTime" timestamp (3) NOT NULL,
	"endTime" timestamp (3) NOT NULL,
	"status" text DEFAULT 'accepted' NOT NULL
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "Attendee" (
	"id" serial PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"bookingId" integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "users_email_key" ON "users" ("email");--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "users_username_key" ON "users" ("username");--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "EventType_userId_slug_key" ON "EventType" ("userId","slug");--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "Booking_uid_key" ON "Booking" ("uid");--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "EventType" ADD CONSTRAINT "EventType_userId_users_id_fk" FOREIGN KEY ("userId") REFERENCES "users"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Booking" ADD CONSTRAINT "Booking_userId_users_id_fk" FOREIGN KEY ("userId") REFERENCES "users"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Booking" ADD CONSTRAINT "Booking_eventTypeId_EventType_id_fk" FOREIGN KEY ("eventTypeId") REFERENCES "EventType"("id") ON DELETE set null ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Attendee" ADD CONSTRAINT "Attendee_bookingId_Booking_id_fk" FOREIGN KEY ("bookingId") REFERENCES "Booking"("id") ON DELETE set null ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;

DO $$ BEGIN
 CREATE TYPE "public"."MembershipRole" AS ENUM('MEMBER', 'ADMIN', 'OWNER');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "Team" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"slug" text,
	"parentId" integer,
	"metadata" jsonb DEFAULT '{"billing":
 "public"}'
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "Membership" (
	"teamId" integer NOT NULL,
	"userId" integer NOT NULL,
	"accepted" boolean DEFAULT false NOT NULL,
	"role" "public"."MembershipRole" NOT NULL,
	CONSTRAINT "Membership_userId_teamId_pk" PRIMARY KEY("userId","teamId")
);
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Membership" ADD CONSTRAINT "Membership_teamId_Team_id_fk" FOREIGN KEY ("teamId") REFERENCES "public"."Team"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Membership" ADD CONSTRAINT "Membership_userId_users_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "Team" ADD CONSTRAINT "Team_parentId_Team_id_fk" FOREIGN KEY ("parentId") REFERENCES "public"."Team"("id") ON DELETE cascade ON UPDATE cascade;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "Team_slug_parentId_key" ON "Team" USING btree ("slug","parentId");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "Membership_teamId_idx" ON "Membership" USING btree ("teamId");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "Membership_role_idx" ON "public"."Membership" USING btree ("role" DESC) WHERE "public"."Membership"."role" <> 'MEMBER'::"public"."MembershipRole";

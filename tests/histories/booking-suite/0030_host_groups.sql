CREATE FUNCTION public.host_label(p_user integer, p_prefix text DEFAULT 'public.') RETURNS text
LANGUAGE plpgsql STABLE
AS $label$
DECLARE
	-- CRLF line ends inside of the body
	v_row public.users;
BEGIN
	SELECT * INTO v_row FROM "public"."users" WHERE "public"."users"."id" = p_user;
	RETURN p_prefix || coalesce(v_row.username, '?');
END;
$label$;
--> statement-breakpoint
CREATE TABLE "public"."HostGroup" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text DEFAULT 'two
lines of public.HostGroup' NOT NULL,
	"eventTypeId" integer REFERENCES "public"."EventType" ("id") ON DELETE cascade
);
--> statement-breakpoint
INSERT INTO "public"."HostGroup" ("id", "name", "eventTypeId")
SELECT 'hg_' || "id", public.host_label("userId"), "id"
FROM "public"."EventType"
--> statement-breakpoint
COMMENT ON TABLE "public"."HostGroup" IS 'first line
second line: "public"."EventType"'

CREATE FUNCTION public.usage_of(p_user public.users.id%TYPE, p_kinds text[] DEFAULT ARRAY['message', 'public.embed'])
RETURNS TABLE (kind text, total bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT public.usage_totals.kind, public.usage_totals.total FROM public.usage_totals
	WHERE public.usage_totals.user_id = p_user AND public.usage_totals.kind = ANY (p_kinds);
END;
--> statement-breakpoint
CREATE FUNCTION public.recount(p_user text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_user public.users%ROWTYPE;
	v_total public.usage_totals.total%TYPE := 0;
	v_role public.message_role;
	r record;
BEGIN
	SELECT * INTO v_user FROM public.users WHERE public.users.id = p_user;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'no such user: %', p_user USING ERRCODE = 'no_data_found';
	END IF;
	FOR r IN SELECT public.usage_totals.* FROM public.usage_totals WHERE public.usage_totals.user_id = v_user.id LOOP
		v_total := v_total + r.total;
	END LOOP;
	v_role := 'tool'::public.message_role;
	PERFORM public.slugify(v_user.username);
	UPDATE "public"."usage_totals" SET seen = seen + 1 WHERE "public"."usage_totals"."user_id" = p_user;
	RETURN v_total;
END;
$$;
--> statement-breakpoint
SELECT u.id, public.recount(u.id), f.* FROM public.users AS u LEFT JOIN LATERAL public.usage_of(u.id) AS f ON true;
--> statement-breakpoint
COMMENT ON FUNCTION public.usage_of(text, text[]) IS $$It's about "public".usage_totals$$;
--> statement-breakpoint
COMMENT ON FUNCTION public.recount IS 'counts again';

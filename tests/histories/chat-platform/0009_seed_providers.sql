INSERT INTO public.ai_providers (id, name, user_id, source, sort)
SELECT p.id, p.name, public.users.id, p.source::public.provider_source, row_number() OVER (PARTITION BY public.users.id ORDER BY p.id)
FROM public.users CROSS JOIN (VALUES ('openish', 'Openish', 'builtin'), ('local', 'Local; box', 'custom')) AS p(id, name, source);
--> statement-breakpoint
INSERT INTO public.ai_models (id, display_name, provider_id, user_id, abilities, context_window)
	SELECT 'chat-1', 'Chat 1', ai_providers.id, ai_providers.user_id, ARRAY['reasoning', 'it''s search']::public.model_ability[], 8192 FROM public.ai_providers
	UNION ALL
	SELECT 'chat-2', NULL, public.ai_providers.id, public.ai_providers.user_id, CAST('{}' AS public.model_ability[]), NULL FROM ONLY public.ai_providers WHERE public.ai_providers.source = 'custom'::public.provider_source;
--> statement-breakpoint
UPDATE public.ai_models m SET context_window = 4096, abilities = array_append(m.abilities, 'vision'::public.model_ability)
FROM public.ai_providers AS p, LATERAL (SELECT count(*) AS n FROM public.messages WHERE public.messages.user_id = p.user_id) AS c
WHERE (m.provider_id, m.user_id) = (p.id, p.user_id) AND m.context_window IS NULL AND c.n > 0;

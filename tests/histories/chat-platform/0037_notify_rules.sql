CREATE RULE "no_delete" AS ON DELETE TO public.tickets DO INSTEAD UPDATE public.tickets SET body = NULL WHERE public.tickets.id = OLD.id;
--> statement-breakpoint
CREATE VIEW public.open_tickets AS SELECT id, number, body FROM public.tickets WHERE body IS NOT NULL;
--> statement-breakpoint
CREATE RULE open_insert AS ON INSERT TO "public"."open_tickets" WHERE NEW.body <> 'public.' DO INSTEAD (
	INSERT INTO public.tickets (body) VALUES (public.slugify(NEW.body));
	INSERT INTO public.audit_log ("table", action) VALUES ('public.tickets'::regclass, 'rule')
);
--> statement-breakpoint
CREATE RULE open_insert_else AS ON INSERT TO public.open_tickets DO INSTEAD NOTHING;
--> statement-breakpoint
INSERT INTO public.open_tickets (body) VALUES ('Through the view');
--> statement-breakpoint
COMMENT ON RULE open_insert ON public.open_tickets IS 'rewrites';
--> statement-breakpoint
DROP RULE open_insert_else ON public.open_tickets;
--> statement-breakpoint
ALTER RULE "no_delete" ON "public"."tickets" RENAME TO "no delete";

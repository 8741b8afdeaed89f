CREATE TYPE "public"."label" AS ("text" text, "color" text);
--> statement-breakpoint
CREATE TABLE "tag" ("tagId" text PRIMARY KEY NOT NULL, "public" "public"."label", "labels" public.label[] DEFAULT ARRAY[ROW('a', 'b')::public.label]);
--> statement-breakpoint
INSERT INTO public.tag ("tagId", public) VALUES ('t1', ROW('One', 'red')::public.label), ('t2', ('Two', 'public.blue'));
--> statement-breakpoint
INSERT INTO public.tag ("tagId", public.text, public.color) VALUES ('t3', 'Three', 'green');
--> statement-breakpoint
UPDATE public.tag SET public.color = 'dark ' || (public).color, labels[1].text = (public.tag.public).text WHERE (public).text <> 'public.';
--> statement-breakpoint
UPDATE public.tag AS public SET "labels" = public.labels || (public.public) WHERE (public."public").color IS NOT NULL;
--> statement-breakpoint
CREATE VIEW public.tag_colors AS SELECT public.tag."tagId", (public.tag.public).color AS "public color", (tag.public).text AS "public", (public.tag.labels[1]).* FROM public.tag;
--> statement-breakpoint
CREATE INDEX tag_color_idx ON public.tag (((public).color), ((public.tag.public).text));
--> statement-breakpoint
COMMENT ON COLUMN public.label.color IS 'of a composite type';

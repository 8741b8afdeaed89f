ALTER TABLE "public"."plugins" RENAME TO "user_installed_plugins";--> statement-breakpoint
ALTER TABLE "user_installed_plugins" RENAME CONSTRAINT "plugins_user_id_identifier_pk" TO "user_installed_plugins_user_id_identifier_pk";--> statement-breakpoint
ALTER TABLE "public"."user_installed_plugins" RENAME COLUMN "manifest" TO "settings";--> statement-breakpoint
ALTER TABLE public.message_plugins RENAME COLUMN tool_call_id TO "toolCallId";--> statement-breakpoint
ALTER VIEW "public"."task_overview" RENAME TO "task_summary";--> statement-breakpoint
ALTER VIEW public.task_summary RENAME COLUMN n TO total;--> statement-breakpoint
ALTER INDEX "public"."topics_favorite_idx" RENAME TO "topics_user_favorite_idx";--> statement-breakpoint
ALTER FUNCTION public.recount(text) RENAME TO recount_usage;--> statement-breakpoint
ALTER FUNCTION public.recount_usage(text) SECURITY INVOKER COST 50;--> statement-breakpoint
ALTER TRIGGER users_touch ON public.users RENAME TO users_touch_updated_at;

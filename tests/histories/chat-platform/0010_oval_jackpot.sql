ALTER TYPE "public"."async_task_status" ADD VALUE 'cancelled' BEFORE 'success';--> statement-breakpoint
ALTER TYPE "public"."async_task_status" ADD VALUE IF NOT EXISTS 'queued' AFTER 'pending';--> statement-breakpoint
ALTER TYPE public.message_role ADD VALUE 'developer';

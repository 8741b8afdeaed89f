DROP TABLE "permissions" CASCADE;--> statement-breakpoint
DROP TABLE "role_assignments" CASCADE;--> statement-breakpoint
DROP TABLE "role_permissions" CASCADE;--> statement-breakpoint
DROP TABLE "roles" CASCADE;

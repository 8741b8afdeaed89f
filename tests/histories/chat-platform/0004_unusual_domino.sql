CREATE TABLE "topics" (
	"id" text PRIMARY KEY NOT NULL,
	"title" text,
	"session_id" text,
	"user_id" text NOT NULL,
	"favorite" boolean DEFAULT false
);
--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "topic_id" text;--> statement-breakpoint
ALTER TABLE "topics" ADD CONSTRAINT "topics_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "topics" ADD CONSTRAINT "topics_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_topic_id_topics_id_fk" FOREIGN KEY ("topic_id") REFERENCES "public"."topics"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "messages_topic_id_idx" ON "messages" USING btree ("topic_id");--> statement-breakpoint
CREATE INDEX "topics_favorite_idx" ON "topics" USING btree ("user_id" DESC NULLS LAST,"favorite") WHERE "public"."topics"."favorite";

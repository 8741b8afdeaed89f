CREATE TABLE "chunks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "chunks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"document_id" uuid NOT NULL,
	"ordinal" integer NOT NULL,
	"heading" text DEFAULT '' NOT NULL,
	"content" text NOT NULL,
	"content_length" integer GENERATED ALWAYS AS (char_length(content)) STORED NOT NULL,
	"token_count" integer DEFAULT 0 NOT NULL,
	"embedding" real[],
	"embedding_model" text,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('english', heading), 'A') || to_tsvector('english', content)) STORED NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chunks_document_ordinal_key" UNIQUE("document_id","ordinal"),
	CONSTRAINT "chunks_ordinal_not_negative" CHECK ("chunks"."ordinal" >= 0),
	CONSTRAINT "chunks_embedding_has_model" CHECK (("chunks"."embedding" is null) = ("chunks"."embedding_model" is null))
);
--> statement-breakpoint
ALTER TABLE "chunks" ADD CONSTRAINT "chunks_document_id_documents_id_fk" FOREIGN KEY ("document_id") REFERENCES "public"."documents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chunks_without_embedding_idx" ON "chunks" USING btree ("id") WHERE "chunks"."embedding" is null;
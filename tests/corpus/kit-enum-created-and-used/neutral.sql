CREATE TYPE "{tenant}"."mood" AS ENUM('sad', 'ok', 'public', 'public.happy');
CREATE TABLE "person" (
	"id" serial PRIMARY KEY NOT NULL,
	"mood" "{tenant}"."mood" DEFAULT 'public' NOT NULL,
	"moods" "{tenant}"."mood"[] DEFAULT '{"public"}' NOT NULL
);

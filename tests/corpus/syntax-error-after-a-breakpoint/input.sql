CREATE TABLE a ();--> statement-breakpoint
CREATE TABLE b ();
--> statement-breakpoint
CREATE TABEL c ();

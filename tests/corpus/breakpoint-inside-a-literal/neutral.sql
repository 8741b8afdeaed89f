INSERT INTO "{tenant}".t VALUES ('--> statement-breakpoint', 'a
--> statement-breakpoint
b');
INSERT INTO "{tenant}".t VALUES ($$--> statement-breakpoint$$);

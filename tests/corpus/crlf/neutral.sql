CREATE TABLE "{tenant}"."a" (
	"id" integer
);
INSERT INTO "{tenant}"."a" VALUES (1);

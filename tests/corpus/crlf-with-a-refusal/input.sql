CREATE TABLE "public"."a" ();
CREATE TABLE b (
	id integer REFERENCES other.t
);

CREATE TABLE "{tenant}".a ();
-- after a commit
CREATE TABLE "{tenant}".b ();

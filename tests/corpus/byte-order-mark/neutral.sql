CREATE TABLE "{tenant}"."a" ();

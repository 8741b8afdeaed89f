CREATE TABLE "{tenant}".a ();
CREATE TABLE "{tenant}".b ();
CREATE TABLE "{tenant}".c ();
CREATE TABLE "{tenant}".d ();

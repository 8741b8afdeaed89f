CREATE COLLATION "{tenant}".a FROM "{tenant}".b;

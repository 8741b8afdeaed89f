CREATE TABLE "{tenant}".t (id int);

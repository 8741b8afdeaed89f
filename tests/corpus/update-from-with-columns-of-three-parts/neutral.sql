UPDATE "{tenant}".t SET public = "{tenant}".u.public FROM "{tenant}".u WHERE "{tenant}".t.id = "{tenant}".u.id AND t.public = u.public;

SELECT * FROM db.public.t;

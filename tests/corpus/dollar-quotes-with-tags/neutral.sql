INSERT INTO "{tenant}".t VALUES ($a$public.t $$ 'x' $b$ $a$, $größe$public.t$größe$);

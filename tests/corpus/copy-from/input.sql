COPY public.t (a, b) FROM stdin;

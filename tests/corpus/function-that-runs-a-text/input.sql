SELECT query_to_xml('SELECT * FROM public.t', true, false, '');

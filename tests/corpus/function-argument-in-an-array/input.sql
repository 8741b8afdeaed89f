SELECT audit_tables(ARRAY['public.t', 'public.u']);

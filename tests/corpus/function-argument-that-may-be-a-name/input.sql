SELECT audit_table('public.t');

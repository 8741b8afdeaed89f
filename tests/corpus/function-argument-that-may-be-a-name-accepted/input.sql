SELECT public.audit_table('public.t');

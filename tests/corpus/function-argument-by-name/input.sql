SELECT audit_table(target => 'public.t');

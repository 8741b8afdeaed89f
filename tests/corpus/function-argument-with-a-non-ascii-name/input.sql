SELECT audit_table('public.größe');

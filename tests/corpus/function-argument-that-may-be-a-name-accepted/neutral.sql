SELECT "{tenant}".audit_table('public.t');

SET LOCAL app.tenant = 'public.t';

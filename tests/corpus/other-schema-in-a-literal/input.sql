SELECT 'other.t'::regclass;

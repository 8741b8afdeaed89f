SELECT 'other.t'::regclass, nextval('other.s'), '"{tenant}".t'::regclass;

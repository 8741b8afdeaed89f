VACUUM public.t, other.t;

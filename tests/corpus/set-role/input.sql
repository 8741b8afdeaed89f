SET ROLE app;
RESET ROLE;
SET SESSION AUTHORIZATION app;
SELECT set_config('role', 'app', true);

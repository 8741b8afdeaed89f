SELECT set_config('search_path_'::varchar(11), 'other', true);
SELECT set_config('role_'::varchar(4), 'postgres', true);
SELECT set_config('search_path '::char(12)::text, 'other', true);
SELECT set_config(new_value => 'other', setting_name => 'search_path', is_local => true);

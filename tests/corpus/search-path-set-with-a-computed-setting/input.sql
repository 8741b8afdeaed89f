SELECT set_config('search' || '_path', 'other', false);

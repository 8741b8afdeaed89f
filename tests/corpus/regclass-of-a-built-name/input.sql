SELECT ('public.' || 't')::regclass;

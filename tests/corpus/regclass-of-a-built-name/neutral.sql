SELECT ('"{tenant}".' || 't')::regclass;

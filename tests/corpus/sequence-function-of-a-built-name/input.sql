SELECT setval('public.' || 's', 1);

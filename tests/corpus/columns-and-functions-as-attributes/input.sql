SELECT u.name, (u.address).city, u.lower, t.system FROM users u, pg_stat t;
UPDATE users SET address.city = 'x' WHERE (address).zip = 1;

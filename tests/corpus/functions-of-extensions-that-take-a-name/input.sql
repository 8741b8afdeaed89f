CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION autoinc(id, 'other.seq');
SELECT bt_page_items('users_pkey', 1);
SELECT AddGeometryColumn('users', 'place', 4326, 'POINT', 2);

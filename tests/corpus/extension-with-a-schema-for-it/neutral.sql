-- extension, once per database: uuid-ossp
CREATE TABLE "{tenant}".t (id uuid DEFAULT extensions.uuid_generate_v4());

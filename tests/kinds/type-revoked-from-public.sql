CREATE TYPE secret_enum AS ENUM ('a');
CREATE DOMAIN secret_domain AS int;
CREATE TYPE secret_pair AS (a int);
REVOKE USAGE ON TYPE secret_enum, secret_domain, secret_pair FROM PUBLIC;

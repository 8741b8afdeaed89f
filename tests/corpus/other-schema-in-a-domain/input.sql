CREATE DOMAIN d AS other.x;

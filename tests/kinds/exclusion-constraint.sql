CREATE TABLE booked (room int4range, at tsrange, EXCLUDE USING gist (room WITH &&, at WITH &&) WHERE (room IS NOT NULL));
INSERT INTO booked VALUES ('[1,2)', '[2020-01-01,2020-01-02)');

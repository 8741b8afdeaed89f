-- since PostgreSQL 18
CREATE TABLE stays (room int4range, span int4range, PRIMARY KEY (room, span WITHOUT OVERLAPS));
CREATE TABLE guests (room int4range, span int4range, FOREIGN KEY (room, PERIOD span) REFERENCES stays (room, PERIOD span));
INSERT INTO stays VALUES ('[1,2)', '[1,5)'); INSERT INTO guests VALUES ('[1,2)', '[2,3)');

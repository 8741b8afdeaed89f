CREATE TABLE buyers (id int PRIMARY KEY, name text);
CREATE TABLE buys (buyer int, n int);
CREATE VIEW totals AS SELECT b.id, b.name, sum(x.n) AS n FROM buyers b JOIN buys x ON x.buyer = b.id GROUP BY b.id;

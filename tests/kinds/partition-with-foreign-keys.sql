CREATE TABLE tenants_pk (id int PRIMARY KEY);
CREATE TABLE orders_p (id int, tenant int REFERENCES tenants_pk, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE orders_p1 PARTITION OF orders_p FOR VALUES FROM (0) TO (100);
CREATE TABLE lines_p (o int REFERENCES orders_p);
INSERT INTO tenants_pk VALUES (1); INSERT INTO orders_p VALUES (1, 1); INSERT INTO lines_p VALUES (1);

DROP TABLE other.t;

DROP TABLE "{tenant}"."orders" CASCADE;
DROP TYPE "{tenant}"."state";

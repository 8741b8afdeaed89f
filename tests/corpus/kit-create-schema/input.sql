CREATE SCHEMA "archive";

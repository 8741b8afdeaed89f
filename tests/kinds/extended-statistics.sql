CREATE TABLE correlated (a int, b int, c text);
CREATE STATISTICS s_kinds (ndistinct, dependencies, mcv) ON a, b FROM correlated;
CREATE STATISTICS s_expression ON (lower(c)), (a + b) FROM correlated;
ALTER STATISTICS s_kinds SET STATISTICS 60;

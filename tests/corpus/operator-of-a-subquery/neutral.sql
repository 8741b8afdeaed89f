SELECT 1 OPERATOR("{tenant}".=) ANY (SELECT id FROM "{tenant}".t);

WITH gone AS (DELETE FROM "{tenant}".t USING "{tenant}".u WHERE "{tenant}".t.id = "{tenant}".u.id RETURNING "{tenant}".t.*) INSERT INTO "{tenant}".log SELECT * FROM gone;

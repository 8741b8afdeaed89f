-- alone
ALTER TABLE "{tenant}".m DETACH PARTITION "{tenant}".m_1 CONCURRENTLY;
-- after a commit
DROP TABLE "{tenant}".m_1;

SELECT 'größe', '日本語'; SELEC 1;

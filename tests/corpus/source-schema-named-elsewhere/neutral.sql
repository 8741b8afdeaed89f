WITH shop AS (SELECT 1 AS id) SELECT shop.id FROM shop;
SELECT shop.id FROM other_table AS shop;
ALTER TABLE "{tenant}".orders ADD COLUMN shop text DEFAULT 'shop' CHECK (shop <> 'shop.x');
SELECT o.shop FROM "{tenant}".orders o WHERE o.shop = 'shop';
GRANT SELECT ON "{tenant}".orders TO shop;
CREATE TABLE "{tenant}".shop (shop "{tenant}".shop_kind);
SELECT (s.shop).a, s.shop FROM s;

WITH shop AS (SELECT 1 AS id) SELECT shop.id FROM shop;
SELECT shop.id FROM other_table AS shop;
ALTER TABLE shop.orders ADD COLUMN shop text DEFAULT 'shop' CHECK (shop <> 'shop.x');
SELECT o.shop FROM shop.orders o WHERE o.shop = 'shop';
GRANT SELECT ON shop.orders TO shop;
CREATE TABLE shop.shop (shop shop.shop_kind);
SELECT (s.shop).a, s.shop FROM s;

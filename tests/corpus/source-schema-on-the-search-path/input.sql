SET search_path = shop;
SET search_path = public;

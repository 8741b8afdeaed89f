INSERT INTO "{tenant}"."größe" ("straße", 名前) SELECT 'ß public.', "{tenant}".größe.名前 FROM "{tenant}".größe;

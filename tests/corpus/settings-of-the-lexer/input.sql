SET client_encoding = 'LATIN1';
SET NAMES 'GBK';
SET LOCAL standard_conforming_strings = off;
SET SESSION backslash_quote TO 'on';
SET standard_conforming_strings TO 0;
SELECT set_config('client_encoding', 'SJIS', false);
SELECT set_config('standard_' || 'conforming_strings', 'off', false);
DO $$ BEGIN SET client_encoding = 'BIG5'; END $$;
DO $$ BEGIN EXECUTE 'SET backslash_quote = on'; END $$;

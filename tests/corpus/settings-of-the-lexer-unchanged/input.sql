SET client_encoding = 'UTF8';
SET NAMES 'utf-8';
SET standard_conforming_strings = on;
SET backslash_quote = safe_encoding;
SET escape_string_warning = off;

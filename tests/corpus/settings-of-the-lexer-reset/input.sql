RESET standard_conforming_strings;
SET client_encoding TO DEFAULT;

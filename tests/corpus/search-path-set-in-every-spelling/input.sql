SET LOCAL search_path TO public, other;
SET SESSION "search_path" = DEFAULT;
RESET Search_Path;
SET SCHEMA 'other';
RESET ALL;

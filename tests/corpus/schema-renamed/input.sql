ALTER SCHEMA "public" RENAME TO archive;

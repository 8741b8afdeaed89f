DROP INDEX "chunks_search_idx";

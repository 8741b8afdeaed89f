import { testCopiesOfEveryKind } from "../support/copy-kinds.ts";
import { startPostgres } from "../support/postgres-server.ts";

testCopiesOfEveryKind(15, () => startPostgres(15));

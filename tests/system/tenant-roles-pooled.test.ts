import { startPgbouncer } from "../support/pgbouncer.ts";
import { testRoleConnections } from "../support/role-connections.ts";

testRoleConnections("through PgBouncer", async (url) => {
  return (await startPgbouncer(url, { poolMode: "transaction", poolSize: 1 })).url;
});

import { startPgbouncer } from "../support/pgbouncer.ts";
import { testTenantConnections } from "../support/runtime-connections.ts";

testTenantConnections("through PgBouncer", async (url, poolSize) => {
  return (await startPgbouncer(url, { poolMode: "transaction", poolSize })).url;
});

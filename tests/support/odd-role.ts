import { createDatabase, createRole } from "./database.ts";

/** Settings that change what is read, or whether a statement runs at all. */
const odd = [
  "DateStyle = 'SQL, DMY'",
  "IntervalStyle = sql_standard",
  "TimeZone = 'Asia/Kathmandu'",
  "bytea_output = escape",
  "extra_float_digits = -15",
  "quote_all_identifiers = on",
  "array_nulls = off",
  "search_path = nowhere",
  "statement_timeout = 300",
  "lock_timeout = 1",
  "idle_in_transaction_session_timeout = 1",
  "idle_session_timeout = 300",
  "default_transaction_isolation = serializable",
  "default_transaction_deferrable = on",
  "synchronous_commit = off",
  "client_min_messages = debug1",
  "row_security = off",
  "check_function_bodies = off",
];

/** Creates a database, and a role with all these settings that can create schemas in it. */
export async function createOddRole() {
  const database = await createDatabase();
  const { role, url } = await createRole(database);
  for (const setting of odd) await database.query(`ALTER ROLE ${role} SET ${setting}`);
  return { database, role, url };
}

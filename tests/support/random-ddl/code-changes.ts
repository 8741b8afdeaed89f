import { about, comment, grant, oneOf, owner, pick, type Weighted } from "./statements.ts";

export const code: readonly Weighted[] = [
  [
    2,
    about("functions", ({ name }, random, unique, things) =>
      name.endsWith("()")
        ? `CREATE ${oneOf(random, "", "CONSTRAINT ")}TRIGGER ${unique} AFTER ${oneOf(random, "INSERT", "DELETE", "UPDATE OR INSERT")} ON ${pick(random, things.tables)?.name} FOR EACH ROW EXECUTE ${name}`
        : undefined,
    ),
  ],
  [2, about("triggers", ({ table, name }) => `DROP TRIGGER ${name} ON ${table}`)],
  [
    3,
    about(
      "triggers",
      ({ table, name }, random) =>
        `ALTER TABLE ${table} ${oneOf(random, "ENABLE", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")} TRIGGER ${name}`,
    ),
  ],
  [
    1,
    about(
      "triggers",
      ({ table, name }, _, unique) => `ALTER TRIGGER ${name} ON ${table} RENAME TO ${unique}`,
    ),
  ],
  [
    1,
    about("triggers", ({ table, name }, random) => comment(random, `TRIGGER ${name} ON ${table}`)),
  ],
  [
    2,
    (_, random, name) =>
      `CREATE FUNCTION ${name}(a integer DEFAULT 1, VARIADIC more text[] DEFAULT '{}') RETURNS ${oneOf(random, "integer", "SETOF integer")} LANGUAGE sql ${oneOf(random, "STABLE", "IMMUTABLE STRICT", "SECURITY DEFINER", "PARALLEL SAFE COST 3")} AS 'SELECT a'`,
  ],
  [
    1,
    (_, __, name) =>
      `CREATE PROCEDURE ${name}(INOUT a integer) LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END`,
  ],
  [
    1,
    (_, __, name) =>
      `CREATE AGGREGATE ${name}(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = safe)`,
  ],
  [2, about("functions", ({ name }) => `DROP ${name} CASCADE`)],
  [
    4,
    about(
      "functions",
      ({ name }, random) =>
        `ALTER ${name} ${oneOf(random, "SECURITY DEFINER", "SECURITY INVOKER", ...(name.startsWith("FUNCTION") ? ["STABLE", "IMMUTABLE", "VOLATILE", "STRICT", "CALLED ON NULL INPUT", "LEAKPROOF", "NOT LEAKPROOF", "PARALLEL SAFE", "PARALLEL RESTRICTED", "COST 50"] : []), "SET work_mem = '1MB'", "SET search_path = pg_catalog, pg_temp", "RESET ALL")}`,
    ),
  ],
  [
    1,
    about("functions", ({ name, definition }) =>
      definition.includes("plpgsql")
        ? definition.replace("BEGIN", "BEGIN -- changed")
        : `ALTER ${name} RESET work_mem`,
    ),
  ],
  [1, about("functions", ({ name }, _, unique) => `ALTER ${name} RENAME TO ${unique}`)],
  [2, about("functions", ({ name }, random) => grant(random, ["EXECUTE", "ALL"], name))],
  [1, about("functions", ({ name }, random) => owner(random, name))],
  [1, about("functions", ({ name }, random) => comment(random, name))],
];

export const policies: readonly Weighted[] = [
  [
    2,
    about(
      "tables",
      ({ name }, random, unique) =>
        `CREATE POLICY ${unique} ON ${name} AS ${oneOf(random, "PERMISSIVE", "RESTRICTIVE")} FOR ${oneOf(random, "ALL", "SELECT", "UPDATE")} TO ${oneOf(random, "PUBLIC", "pg_monitor", "pg_monitor, pg_read_all_data")} USING (true)`,
    ),
  ],
  [2, about("policies", ({ table, name }) => `DROP POLICY ${name} ON ${table}`)],
  [
    2,
    about(
      "policies",
      ({ table, name }, random) =>
        `ALTER POLICY ${name} ON ${table} ${oneOf(random, "USING (false)", "TO pg_monitor", "TO PUBLIC", "WITH CHECK (true)")}`,
    ),
  ],
  [
    1,
    about(
      "policies",
      ({ table, name }, _, unique) => `ALTER POLICY ${name} ON ${table} RENAME TO ${unique}`,
    ),
  ],
  [
    1,
    about("policies", ({ table, name }, random) => comment(random, `POLICY ${name} ON ${table}`)),
  ],
  [
    1,
    about(
      "tables",
      ({ name }, random, unique) =>
        `CREATE RULE ${unique} AS ON ${oneOf(random, "DELETE", "UPDATE")} TO ${name} DO INSTEAD NOTHING`,
    ),
  ],
  [
    1,
    about("rules", ({ table, name }, random) =>
      oneOf(
        random,
        `DROP RULE ${name} ON ${table}`,
        `ALTER TABLE ${table} DISABLE RULE ${name}`,
        `ALTER TABLE ${table} ENABLE ALWAYS RULE ${name}`,
        `COMMENT ON RULE ${name} ON ${table} IS 'rule'`,
      ),
    ),
  ],
];

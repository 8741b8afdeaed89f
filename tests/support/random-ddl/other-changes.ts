import { about, comment, grant, oneOf, owner, pick, type Weighted } from "./statements.ts";

export const others: readonly Weighted[] = [
  [1, (_, __, name) => `CREATE SEQUENCE ${name} INCREMENT 5`],
  [
    3,
    about(
      "sequences",
      ({ name }, random) =>
        `ALTER SEQUENCE ${name} ${oneOf(random, "INCREMENT 2", "MAXVALUE 1000", "CACHE 4", "CYCLE", "START 3", "OWNED BY NONE", "AS bigint")}`,
    ),
  ],
  [1, about("sequences", ({ name }) => `DROP SEQUENCE ${name} CASCADE`)],
  [
    2,
    about("sequences", ({ name }, random) =>
      grant(random, ["USAGE", "SELECT", "ALL"], `SEQUENCE ${name}`),
    ),
  ],
  [1, about("sequences", ({ name }, random) => comment(random, `SEQUENCE ${name}`))],
  [1, about("sequences", ({ name }, random) => owner(random, `SEQUENCE ${name}`))],
  [
    2,
    about("columns", ({ table, name }, random, unique, things) => {
      const other = pick(
        random,
        things.columns.filter((one) => one.table === table && one.name !== name),
      );
      return (
        other &&
        `CREATE STATISTICS ${unique} ${oneOf(random, "", "(ndistinct) ")}ON ${name}, ${other.name} FROM ${table}`
      );
    }),
  ],
  [
    1,
    about("statistics", ({ name }, random) =>
      oneOf(
        random,
        `DROP STATISTICS ${name}`,
        `ALTER STATISTICS ${name} SET STATISTICS 20`,
        `ALTER STATISTICS ${name} OWNER TO pg_monitor`,
        `COMMENT ON STATISTICS ${name} IS 's'`,
      ),
    ),
  ],
  [
    1,
    (_, __, name) =>
      `CREATE COLLATION ${name} (provider = icu, locale = 'de', deterministic = false)`,
  ],
  [
    1,
    (_, random, name) =>
      `CREATE COLLATION ${name} (provider = icu, locale = '${oneOf(random, "de", "en", "fr")}')`,
  ],
  [
    1,
    (_, __, name) =>
      `CREATE TEXT SEARCH DICTIONARY ${name}d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION ${name} (COPY = simple); ALTER TEXT SEARCH CONFIGURATION ${name} ALTER MAPPING FOR word WITH ${name}d`,
  ],
  [
    1,
    about("others", ({ name, kind }, random) =>
      oneOf(
        random,
        `DROP ${kind} ${name} CASCADE`,
        `COMMENT ON ${kind} ${name} IS 'o'`,
        `ALTER ${kind} ${name} OWNER TO pg_monitor`,
        `ALTER ${kind} ${name} RENAME TO ${name}_x`,
      ),
    ),
  ],
  [
    1,
    (_, __, name) =>
      `CREATE FUNCTION ${name}(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'; CREATE OPERATOR === (FUNCTION = ${name}, LEFTARG = text, RIGHTARG = text)`,
  ],
  [
    1,
    (_, random) =>
      oneOf(
        random,
        "DROP OPERATOR === (text, text)",
        "COMMENT ON OPERATOR === (text, text) IS 'x'",
        "ALTER OPERATOR === (text, text) SET (RESTRICT = eqsel)",
      ),
  ],
  [1, ({ schema }, random) => grant(random, ["USAGE", "CREATE", "ALL"], `SCHEMA ${schema}`)],
  [1, ({ schema }, random) => comment(random, `SCHEMA ${schema}`)],
  [
    1,
    ({ schema }, random) =>
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} ${grant(random, ["EXECUTE", "ALL"], "FUNCTIONS").replace("CURRENT_USER", "pg_monitor")}`,
  ],
  [
    1,
    ({ schema }, random) =>
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} ${grant(random, ["SELECT", "ALL"], "TABLES").replace("CURRENT_USER", "pg_monitor")}`,
  ],
];

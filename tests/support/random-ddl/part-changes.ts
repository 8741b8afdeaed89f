import { about, comment, oneOf, pick, type Weighted } from "./statements.ts";

export const constraints: readonly Weighted[] = [
  [
    2,
    about(
      "columns",
      ({ table, name }, random, unique) =>
        `ALTER TABLE ${table} ADD CONSTRAINT ${unique} CHECK (${name} IS NOT NULL)${oneOf(random, "", " NOT VALID", " NO INHERIT")}`,
    ),
  ],
  [
    2,
    about(
      "columns",
      ({ table, name }, random, unique) =>
        `ALTER TABLE ${table} ADD CONSTRAINT ${unique} UNIQUE ${oneOf(random, "", "NULLS NOT DISTINCT ")}(${name})${oneOf(random, "", " DEFERRABLE", " WITH (fillfactor = 80)")}`,
    ),
  ],
  [
    1,
    about(
      "columns",
      ({ table, name }, random, unique) =>
        `ALTER TABLE ${table} ADD CONSTRAINT ${unique} EXCLUDE USING ${oneOf(random, "btree", "hash")} (${name} WITH =)`,
    ),
  ],
  [
    2,
    about("constraints", ({ table, name, type, definition }, random, unique, { tables: all }) =>
      type === "p"
        ? `ALTER TABLE ${pick(random, all)?.name} ADD COLUMN ${unique} uuid CONSTRAINT ${unique} REFERENCES ${table} ON DELETE ${oneOf(random, "CASCADE", "SET NULL", "NO ACTION")}`
        : `ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${definition.replace(/ NOT VALID$/, "")}${type === "f" || type === "c" ? oneOf(random, "", " NOT VALID") : ""}`,
    ),
  ],
  [
    3,
    about(
      "constraints",
      ({ table, name }) => `ALTER TABLE ${table} DROP CONSTRAINT ${name} CASCADE`,
    ),
  ],
  [
    2,
    about(
      "constraints",
      ({ table, name }, _, unique) => `ALTER TABLE ${table} RENAME CONSTRAINT ${name} TO ${unique}`,
    ),
  ],
  [
    2,
    about("constraints", ({ table, name, type }, random) =>
      type === "f"
        ? `ALTER TABLE ${table} ALTER CONSTRAINT ${name} ${oneOf(random, "DEFERRABLE INITIALLY DEFERRED", "NOT DEFERRABLE", "DEFERRABLE")}`
        : type === "c"
          ? `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}`
          : `ALTER INDEX ${name} ${oneOf(random, "SET (fillfactor = 60)", "RESET (fillfactor)")}`,
    ),
  ],
  [
    2,
    about("constraints", ({ table, name }, random) =>
      comment(random, `CONSTRAINT ${name} ON ${table}`),
    ),
  ],
  [
    2,
    about("constraints", ({ table, name, type }, random) =>
      type === "c" || type === "f"
        ? undefined
        : oneOf(
            random,
            `COMMENT ON INDEX ${name} IS 'index'`,
            `ALTER TABLE ${table} CLUSTER ON ${name}`,
            `ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${name}`,
          ),
    ),
  ],
];

export const indexes: readonly Weighted[] = [
  [
    3,
    about(
      "columns",
      ({ table, name }, random, unique) =>
        `CREATE ${oneOf(random, "UNIQUE ", "")}INDEX ${unique} ON ${table} ${oneOf(random, "", "USING hash ", "USING brin ")}(${name}${oneOf(random, "", " DESC NULLS LAST")})${oneOf(random, "", ` WHERE ${name} IS NOT NULL`, " WITH (fillfactor = 50)")}`,
    ),
  ],
  [
    1,
    about(
      "columns",
      ({ table, name }, _, unique) =>
        `CREATE INDEX ${unique} ON ${table} (lower(${name}::text)); ALTER INDEX ${unique} ALTER COLUMN 1 SET STATISTICS 300`,
    ),
  ],
  [3, about("indexes", ({ name }) => `DROP INDEX ${name}`)],
  [1, about("indexes", ({ name }, _, unique) => `ALTER INDEX ${name} RENAME TO ${unique}`)],
  [
    2,
    about(
      "indexes",
      ({ name }, random) =>
        `ALTER INDEX ${name} ${oneOf(random, "SET (fillfactor = 60)", "RESET (fillfactor)", "SET (fastupdate = off)", "SET (deduplicate_items = off)")}`,
    ),
  ],
  [
    1,
    about(
      "indexes",
      ({ name }, random) =>
        `ALTER INDEX ${name} ALTER COLUMN 1 SET STATISTICS ${oneOf(random, "400", "-1")}`,
    ),
  ],
  [
    1,
    about(
      "indexes",
      ({ name }) =>
        `UPDATE pg_index SET indisvalid = NOT indisvalid WHERE indexrelid = '${name.replaceAll("'", "''")}'::regclass`,
    ),
  ],
  [
    2,
    about("indexes", ({ name, table }, random) =>
      oneOf(
        random,
        `ALTER TABLE ${table} CLUSTER ON ${name}`,
        `ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${name}`,
      ),
    ),
  ],
  [2, about("indexes", ({ name }, random) => comment(random, `INDEX ${name}`))],
];

import { about, pick, type Weighted } from "./statements.ts";

/** Statements that change nothing that pg_dump writes, unless they remove comments or privileges. */
export const noChanges: readonly Weighted[] = [
  [2, about("tables", ({ name }) => `ANALYZE ${name}`)],
  [1, about("tables", ({ name }) => `VACUUM FULL ${name}`)],
  [1, about("tables", ({ name }) => `REINDEX TABLE ${name}`)],
  [1, about("tables", ({ name }) => `TRUNCATE ${name} CASCADE`)],
  [1, about("tables", ({ name }) => `INSERT INTO ${name} DEFAULT VALUES`)],
  [
    3,
    about(
      "tables",
      ({ name }, _, unique) =>
        `ALTER TABLE ${name} RENAME TO ${unique}; ALTER TABLE ${unique} RENAME TO ${name}`,
    ),
  ],
  [
    2,
    about(
      "columns",
      ({ table, name }, _, unique) =>
        `ALTER TABLE ${table} RENAME ${name} TO ${unique}; ALTER TABLE ${table} RENAME ${unique} TO ${name}`,
    ),
  ],
  [
    3,
    about(
      "tables",
      ({ name }, _, unique) =>
        `ALTER TABLE ${name} ADD COLUMN ${unique} integer; ALTER TABLE ${name} DROP COLUMN ${unique}`,
    ),
  ],
  [
    3,
    about("columns", ({ table, name, type }) => `ALTER TABLE ${table} ALTER ${name} TYPE ${type}`),
  ],
  [
    2,
    about("columns", ({ table, name, default: value }) =>
      value === null
        ? `ALTER TABLE ${table} ALTER ${name} SET DEFAULT NULL; ALTER TABLE ${table} ALTER ${name} DROP DEFAULT`
        : `ALTER TABLE ${table} ALTER ${name} SET DEFAULT ${value}`,
    ),
  ],
  [
    2,
    about("columns", ({ table, name, isNotNull }) =>
      isNotNull
        ? `ALTER TABLE ${table} ALTER ${name} SET NOT NULL`
        : `ALTER TABLE ${table} ALTER ${name} SET NOT NULL; ALTER TABLE ${table} ALTER ${name} DROP NOT NULL`,
    ),
  ],
  [3, about("indexes", ({ name, definition }) => `DROP INDEX ${name}; ${definition}`)],
  [
    2,
    about(
      "indexes",
      ({ name }, _, unique) =>
        `ALTER INDEX ${name} RENAME TO ${unique}; ALTER INDEX ${unique} RENAME TO ${name}`,
    ),
  ],
  [
    3,
    about(
      "constraints",
      ({ table, name, definition }) =>
        `ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${definition}`,
    ),
  ],
  [
    3,
    about(
      "triggers",
      ({ table, name, definition }) => `DROP TRIGGER ${name} ON ${table}; ${definition}`,
    ),
  ],
  [
    3,
    about(
      "views",
      ({ name, kind, definition }) =>
        `DROP ${kind} ${name}; CREATE ${kind} ${name} AS ${definition}`,
    ),
  ],
  [3, about("functions", ({ definition }) => definition)],
  [
    2,
    about(
      "tables",
      ({ name }) =>
        `GRANT TRIGGER ON ${name} TO pg_checkpoint; REVOKE ALL ON ${name} FROM pg_checkpoint`,
    ),
  ],
  [1, about("tables", ({ name }) => `GRANT ALL ON ${name} TO CURRENT_USER`)],
  [1, about("functions", ({ name }) => `GRANT EXECUTE ON ${name} TO PUBLIC`)],
  [1, about("sequences", ({ name }) => `SELECT nextval('${name.replaceAll("'", "''")}')`)],
  [1, about("types", ({ name, kind }) => `GRANT USAGE ON ${kind} ${name} TO PUBLIC`)],
  [
    1,
    about("columns", ({ table, name }, random, unique, { columns }) => {
      const other = pick(
        random,
        columns.filter((one) => one.table === table && one.name !== name),
      );
      return (
        other &&
        `CREATE STATISTICS ${unique} ON ${name}, ${other.name} FROM ${table}; DROP STATISTICS ${unique}`
      );
    }),
  ],
];

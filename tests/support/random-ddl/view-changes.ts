import {
  about,
  comment,
  grant,
  oneOf,
  owner,
  tablePrivileges,
  type Weighted,
} from "./statements.ts";

export const views: readonly Weighted[] = [
  [
    2,
    about(
      "columns",
      ({ table, name }, random, unique) =>
        `CREATE ${oneOf(random, "", "MATERIALIZED ")}VIEW ${unique} AS SELECT ${name} AS one, count(*) AS n FROM ${table} x GROUP BY 1`,
    ),
  ],
  [
    1,
    about(
      "columns",
      ({ table, name }, random, unique) =>
        `CREATE VIEW ${unique} WITH (security_barrier) AS SELECT ${name} FROM ${table} WHERE ${name} IS NOT NULL WITH ${oneOf(random, "LOCAL", "CASCADED")} CHECK OPTION`,
    ),
  ],
  [2, about("views", ({ name, kind }) => `DROP ${kind} ${name} CASCADE`)],
  [1, about("views", ({ name, kind }, _, unique) => `ALTER ${kind} ${name} RENAME TO ${unique}`)],
  [
    2,
    about(
      "views",
      ({ name, kind }, random) =>
        `ALTER ${kind} ${name} ${kind === "VIEW" ? oneOf(random, "SET (security_invoker = true)", "SET (security_barrier = true)", "RESET (security_barrier)", "RESET (check_option)") : oneOf(random, "SET (fillfactor = 80)", "SET (autovacuum_enabled = off)", "RESET (fillfactor)")}`,
    ),
  ],
  [
    1,
    about("views", ({ name, kind, definition }) =>
      kind === "VIEW"
        ? `CREATE OR REPLACE VIEW ${name} AS ${definition.replace(/;$/, "").replace("SELECT", "SELECT ALL")}`
        : `REFRESH MATERIALIZED VIEW ${name} WITH NO DATA`,
    ),
  ],
  [
    1,
    about("views", ({ name, kind, column }) =>
      kind === "VIEW"
        ? `ALTER VIEW ${name} ALTER COLUMN ${column} SET DEFAULT NULL`
        : `CREATE INDEX ON ${name} (${column})`,
    ),
  ],
  [
    1,
    about(
      "views",
      ({ name, kind, column }, _, unique) =>
        `ALTER ${kind} ${name} RENAME COLUMN ${column} TO ${unique}`,
    ),
  ],
  [2, about("views", ({ name }, random) => grant(random, tablePrivileges, name))],
  [1, about("views", ({ name, kind }, random) => owner(random, `${kind} ${name}`))],
  [
    2,
    about("views", ({ name, kind, column }, random) =>
      comment(random, oneOf(random, `${kind} ${name}`, `COLUMN ${name}.${column}`)),
    ),
  ],
];

import { about, comment, grant, oneOf, owner, type Weighted } from "./statements.ts";

export const types: readonly Weighted[] = [
  [1, (_, __, name) => `CREATE TYPE ${name} AS ENUM ('one', 'two')`],
  [1, (_, __, name) => `CREATE TYPE ${name} AS (a integer, b text COLLATE "C")`],
  [
    1,
    (_, random, name) =>
      `CREATE DOMAIN ${name} AS text ${oneOf(random, "NOT NULL", "DEFAULT 'x'", 'COLLATE "C"', `CONSTRAINT ${name}_check CHECK (VALUE <> '')`)}`,
  ],
  [1, (_, __, name) => `CREATE TYPE ${name} AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi)`],
  [2, about("types", ({ name, kind }) => `DROP ${kind} ${name} CASCADE`)],
  [
    3,
    about("types", ({ name, kind, label }, random, unique) =>
      label !== null
        ? oneOf(
            random,
            `ALTER TYPE ${name} ADD VALUE '${unique}'`,
            `ALTER TYPE ${name} ADD VALUE '${unique}' BEFORE '${label}'`,
            `ALTER TYPE ${name} RENAME VALUE '${label}' TO '${unique}'`,
          )
        : kind === "DOMAIN"
          ? oneOf(
              random,
              `ALTER DOMAIN ${name} SET NOT NULL`,
              `ALTER DOMAIN ${name} DROP NOT NULL`,
              `ALTER DOMAIN ${name} SET DEFAULT 'y'`,
              `ALTER DOMAIN ${name} DROP DEFAULT`,
              `ALTER DOMAIN ${name} ADD CONSTRAINT ${unique} CHECK (VALUE <> 'z') NOT VALID`,
            )
          : `ALTER TYPE ${name} ADD ATTRIBUTE ${unique} text`,
    ),
  ],
  [1, about("types", ({ name, kind }, _, unique) => `ALTER ${kind} ${name} RENAME TO ${unique}`)],
  [2, about("types", ({ name }, random) => grant(random, ["USAGE"], `TYPE ${name}`))],
  [1, about("types", ({ name, kind }, random) => owner(random, `${kind} ${name}`))],
  [2, about("types", ({ name, kind }, random) => comment(random, `${kind} ${name}`))],
];

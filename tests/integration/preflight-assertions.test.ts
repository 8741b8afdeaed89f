import { describe, expect, test } from "vitest";
import { preflight } from "../../src/operations/preflight.ts";
import { byTenant, migrateAll } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const all = { services: [], tenants: [], databases: [] };

const base = `CREATE TYPE "mood" AS ENUM('happy', 'sad');
CREATE TABLE "p" ("id" integer PRIMARY KEY, "x" integer, "y" integer, UNIQUE ("x", "y"));
CREATE TABLE "t" ("id" integer PRIMARY KEY, "a" text, "b" integer, "c" integer, "m" "mood", "l" "mood"[], "n" numeric);
ALTER TABLE "t" ADD CONSTRAINT "old" CHECK ("b" < 1000) NOT VALID;`;

/** SQL that is pending, rows of `t` that it refuses, and how many the preflight counts; rows that it accepts. */
interface Case {
  readonly pending: string;
  readonly bad: string;
  readonly rows: number;
  readonly good: string;
}

const row = (values: string) => `INSERT INTO t (id, a, b, c, m, l, n) VALUES ${values};`;
const plain = row(`(1, 'one', 1, 1, 'happy', '{happy}', 1), (2, 'two', 2, 1, 'happy', NULL, 2)`);
const enumAgain = (
  column: string,
  array = "",
) => `ALTER TABLE "t" ALTER COLUMN "${column}" SET DATA TYPE text${array};
DROP TYPE IF EXISTS "mood2"; CREATE TYPE "mood2" AS ENUM('happy', 'it''s');
ALTER TABLE "t" ALTER COLUMN "${column}" SET DATA TYPE "mood2"${array} USING "${column}"::text${array}::"mood2"${array};`;

const cases: Readonly<Record<string, Case>> = {
  "SET NOT NULL": {
    pending: `ALTER TABLE t ALTER a SET NOT NULL;`,
    ...{ bad: "UPDATE t SET a = NULL", rows: 2, good: "" },
  },
  "PRIMARY KEY with NULLs": {
    pending: `ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (b);`,
    ...{ bad: "UPDATE t SET b = NULL WHERE id = 1", rows: 1, good: "" },
  },
  "PRIMARY KEY with duplicates": {
    pending: `ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (b, c);`,
    ...{ bad: "UPDATE t SET b = 1, c = 1", rows: 1, good: "UPDATE t SET b = 1, c = id" },
  },
  UNIQUE: {
    pending: `ALTER TABLE "public"."t" ADD CONSTRAINT u UNIQUE (a, b);`,
    ...{ bad: "UPDATE t SET a = 'x', b = 1", rows: 1, good: "UPDATE t SET a = 'x', b = NULL" },
  },
  "UNIQUE NULLS NOT DISTINCT": {
    pending: `ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a);`,
    ...{ bad: "UPDATE t SET a = NULL", rows: 1, good: "UPDATE t SET a = NULL WHERE id = 1" },
  },
  "CREATE UNIQUE INDEX on an expression, with a predicate": {
    pending: `CREATE UNIQUE INDEX "i" ON "public"."t" USING btree (lower("a") DESC, (b + 1)) INCLUDE (c) WHERE c > 0 AND a <> ')';`,
    ...{ bad: "UPDATE t SET a = CASE id WHEN 1 THEN 'X' ELSE 'x' END, b = 3", rows: 1 },
    good: "UPDATE t SET a = 'x', b = 3, c = 0",
  },
  "CREATE UNIQUE INDEX CONCURRENTLY": {
    pending: `CREATE UNIQUE INDEX CONCURRENTLY i ON t (c text_ops_none);`.replace(
      " text_ops_none",
      "",
    ),
    ...{ bad: "UPDATE t SET c = 5", rows: 1, good: "UPDATE t SET c = id" },
  },
  "FOREIGN KEY": {
    pending: `ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES "public"."p" (id);`,
    ...{ bad: "UPDATE t SET b = 77 WHERE id = 1; INSERT INTO p VALUES (2)", rows: 1 },
    good: "UPDATE t SET b = NULL WHERE id = 1; INSERT INTO p VALUES (2)",
  },
  "FOREIGN KEY MATCH FULL": {
    pending: `ALTER TABLE t ADD FOREIGN KEY (b, c) REFERENCES p (x, y) MATCH FULL;`,
    ...{ bad: "UPDATE t SET b = NULL", rows: 2, good: "UPDATE t SET b = NULL, c = NULL" },
  },
  "FOREIGN KEY to a table that is created before": {
    pending: `CREATE TABLE "q" (id integer PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES q (id);`,
    ...{ bad: "", rows: 2, good: "UPDATE t SET b = NULL" },
  },
  CHECK: {
    pending: `ALTER TABLE "t" ADD CONSTRAINT "k" CHECK ("t"."b" > 0 AND (c IN (1, 2) OR a = 'CHECK ('));`,
    ...{ bad: "UPDATE t SET c = 9", rows: 2, good: "UPDATE t SET c = NULL" },
  },
  "CHECK with a type of the tenant": {
    pending: `ALTER TABLE "t" ADD CONSTRAINT "k" CHECK (m <> 'sad'::"public"."mood");`,
    ...{ bad: "UPDATE t SET m = 'sad'", rows: 2, good: "" },
  },
  "NOT VALID and VALIDATE": {
    pending: `ALTER TABLE t ADD CONSTRAINT k CHECK (b < 2) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;`,
    ...{ bad: "", rows: 1, good: "UPDATE t SET b = 1" },
  },
  "ALTER COLUMN TYPE varchar(3)": {
    pending: `ALTER TABLE t ALTER COLUMN a SET DATA TYPE varchar(3);`,
    ...{ bad: "UPDATE t SET a = 'long'", rows: 2, good: "UPDATE t SET a = 'abc   '" },
  },
  "ALTER COLUMN TYPE integer USING": {
    pending: `ALTER TABLE t ALTER COLUMN a TYPE integer USING a::integer;`,
    ...{ bad: "", rows: 2, good: "UPDATE t SET a = ' 12 '" },
  },
  "ALTER COLUMN TYPE smallint": {
    pending: `ALTER TABLE t ALTER COLUMN n TYPE smallint;`,
    ...{ bad: "UPDATE t SET n = 40000.4 WHERE id = 1", rows: 1, good: "UPDATE t SET n = 12.7" },
  },
  "ALTER COLUMN TYPE numeric(3, 1)": {
    pending: `ALTER TABLE t ALTER COLUMN n TYPE numeric(3, 1);`,
    ...{ bad: "UPDATE t SET n = 100", rows: 2, good: "UPDATE t SET n = 99.94" },
  },
  "ALTER COLUMN TYPE to an existing enum": {
    pending: `ALTER TABLE t ALTER COLUMN a TYPE "public"."mood" USING a::"public"."mood";`,
    ...{ bad: "UPDATE t SET a = 'sad' WHERE id = 1", rows: 1, good: "UPDATE t SET a = 'sad'" },
  },
  "an enum that is made again": {
    pending: enumAgain("m"),
    ...{ bad: "UPDATE t SET m = 'sad'", rows: 2, good: "UPDATE t SET m = NULL" },
  },
  "an array of an enum that is made again": {
    pending: enumAgain("l", "[]"),
    ...{ bad: "UPDATE t SET l = '{happy,sad}' WHERE id = 1", rows: 1, good: "" },
  },
  "a required column": {
    pending: `ALTER TABLE t ADD COLUMN z integer NOT NULL;`,
    ...{ bad: "", rows: 2, good: "DELETE FROM t" },
  },
  "a new column that becomes NOT NULL": {
    pending: `ALTER TABLE t ADD COLUMN z integer; ALTER TABLE t ALTER z SET NOT NULL;`,
    ...{ bad: "", rows: 2, good: "DELETE FROM t" },
  },
};

describe("an assertion counts the rows that its statement refuses", () => {
  test.each(Object.entries(cases))("%s", async (_, { pending, bad, rows, good }) => {
    const { context, database } = await createFleet({
      tenants: ["bad", "good"],
      migrations: { "0000_base": base },
      pending: { "0000_base": base, "0001_next": pending },
    });
    for (const [tenant, sql] of [
      ["bad", bad],
      ["good", good],
    ])
      await database.query(`SET search_path = app_${tenant}; ${plain} ${sql}`);
    const { failing } = await preflight(context, all);
    const counts = failing.flatMap(({ targets }) =>
      targets.map((one) => [one.target.tenant, one.rows]),
    );
    expect(counts).toEqual([["bad", rows]]);
    expect(byTenant(await migrateAll(context))).toEqual({
      bad: expect.stringMatching(/^failed/),
      good: "succeeded 0001_next",
    });
  });
});

test.each([
  [
    "an UPDATE of the column",
    `UPDATE t SET a = 'x' WHERE a IS NULL; ALTER TABLE t ALTER a SET NOT NULL;`,
  ],
  ["a DELETE", `DELETE FROM t WHERE b = 1; ALTER TABLE t ADD UNIQUE (c);`],
  ["a DO block", `DO $$ BEGIN UPDATE t SET c = b; END $$; ALTER TABLE t ADD UNIQUE (c);`],
  [
    "a CTE that writes",
    `WITH w AS (UPDATE t SET c = b RETURNING 1) SELECT count(*) FROM w; ALTER TABLE t ADD UNIQUE (c);`,
  ],
  ["a new type", `ALTER TABLE t ALTER b TYPE bigint USING b + id; ALTER TABLE t ADD UNIQUE (b);`],
  ["a rename", `ALTER TABLE t RENAME COLUMN c TO d; ALTER TABLE t ADD UNIQUE (d);`],
  [
    "a table of the migration",
    `CREATE TABLE t2 AS SELECT * FROM t; ALTER TABLE t2 ADD UNIQUE (c);`,
  ],
  ["a default", `ALTER TABLE t ADD COLUMN e integer DEFAULT 1; ALTER TABLE t ADD UNIQUE (e);`],
])("after %s, nothing is asserted", async (_, pending) => {
  const { context, database } = await createFleet({
    migrations: { "0000_base": base },
    pending: { "0000_base": base, "0001_next": pending },
  });
  await database.query(`SET search_path = app_a; ${plain} UPDATE t SET a = NULL WHERE id = 1`);
  const { failing, unchecked } = await preflight(context, all);
  expect(failing).toEqual([]);
  expect(unchecked.map(({ reason }) => reason)).toContainEqual(
    expect.stringMatching(/0001_next:1 /),
  );
});

test("names that exist already or no longer, and dependents in other schemas", async () => {
  const { context, database } = await createFleet({
    tenants: ["a", "b"],
    migrations: { "0000_base": base },
    pending: {
      "0000_base": base,
      "0001_next": `CREATE TABLE "n" (id integer); ALTER TABLE t ADD COLUMN z integer; ALTER TABLE t DROP COLUMN c;
CREATE INDEX "t_b" ON t (b); ALTER TABLE t DROP CONSTRAINT "old"; ALTER TABLE t ADD CONSTRAINT "old" CHECK (b < 9); DROP TABLE p;`,
    },
  });
  await database.query(`CREATE TABLE app_b.n (); ALTER TABLE app_b.t ADD COLUMN z text; CREATE INDEX t_b ON app_b.t (a);
    ALTER TABLE app_b.t DROP CONSTRAINT old; CREATE SCHEMA reports; CREATE VIEW reports.v AS SELECT c FROM app_b.t;
    CREATE TABLE reports.r (p integer REFERENCES app_b.p)`);
  const { failing } = await preflight(context, all);
  expect(
    failing.map(({ message, targets }) => [message, targets[0]?.target.tenant, targets.length]),
  ).toEqual([
    ["relation n exists already", "b", 1],
    ["column t.z exists already", "b", 1],
    ["relation t_b exists already", "b", 1],
    ["constraint t.old does not exist", "b", 1],
    ["objects of other schemas depend on column t.c: rule _RETURN on view reports.v", "b", 1],
    [
      "objects of other schemas depend on relation p: constraint r_p_fkey on table reports.r",
      "b",
      1,
    ],
  ]);
});

test("schema names that need quotes, and schemas that do not exist yet", async () => {
  const { context, database } = await createFleet({
    tenants: ["one", "two", "new"],
    migrations: { "0000_base": base },
    pending: {
      "0000_base": base,
      "0001_next": `ALTER TABLE "public"."t" ALTER a SET NOT NULL; ${enumAgain("m")}`,
    },
    settings: {
      services: {
        app: {
          ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
          tenantSchema: "Große {tenant}.App",
        },
      },
    },
  });
  await database.query(`DROP SCHEMA "Große new.App" CASCADE`);
  await database.query(`INSERT INTO "Große one.App".t (id, m) VALUES (1, 'sad')`);
  const { failing, targets } = await preflight(context, all);
  expect(targets).toBe(3);
  expect(failing.map((one) => one.targets.map(({ target }) => target.tenant))).toEqual([
    ["one"],
    ["one"],
  ]);
});

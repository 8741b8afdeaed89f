import { expect, test } from "vitest";
import { withoutInternalOptions } from "../../src/dump/sql/old-options.ts";

const table = "ALTER TABLE ONLY ";

test.each([
  [
    "a statement that sets only internal options is removed",
    [
      table,
      `.users ALTER COLUMN "id" SET (pg_attver='1'), ALTER COLUMN "name" SET (pg_attver='2')`,
    ],
    undefined,
  ],
  [
    "other actions are kept, in order",
    [
      table,
      `.users ALTER COLUMN "id" SET (pg_attver='1'), ALTER COLUMN "na, ""me" SET STATISTICS 200, ALTER COLUMN "b" SET (pg_attver='1', n_distinct='-0.5'), ALTER COLUMN "c" SET NOT NULL, ALTER COLUMN "c" DROP DEFAULT, REPLICA IDENTITY FULL`,
    ],
    [
      table,
      `.users ALTER COLUMN "na, ""me" SET STATISTICS 200, ALTER COLUMN "b" SET (n_distinct='-0.5'), ALTER COLUMN "c" SET NOT NULL, ALTER COLUMN "c" DROP DEFAULT, REPLICA IDENTITY FULL`,
    ],
  ],
  [
    "an option that a user set is kept, in any position",
    [table, `.users ALTER COLUMN "id" SET (n_distinct='5', pg_attver='1')`],
    [table, `.users ALTER COLUMN "id" SET (n_distinct='5')`],
  ],
  [
    "internal options of a materialized view's columns are removed",
    ["ALTER MATERIALIZED VIEW ", `."Odd m" ALTER COLUMN "id" SET (pg_attver='1')`],
    undefined,
  ],
] as const)("%s", (_name, before, after) => {
  expect(withoutInternalOptions([before])).toEqual(after === undefined ? [] : [after]);
});

test.each([
  [[table, `.users ALTER COLUMN "id" SET DEFAULT ' SET (pg_attver=''1'')'`]],
  [["COMMENT ON TABLE ", ".users IS 'ALTER COLUMN \"id\" SET (pg_attver=''1'')'"]],
  [["CREATE TABLE ", '.users (\n  "id" integer\n)']],
])("a statement without internal options is unchanged", (statement) => {
  expect(withoutInternalOptions([statement])).toEqual([statement]);
});

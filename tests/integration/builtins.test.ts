import { expect, test } from "vitest";
import { standingOf, wordsOf } from "../../src/sql/builtins/functions.ts";
import {
  immutableFunctions,
  operatorClasses,
  operators,
  otherFunctions,
  relations,
  searchObjects,
  types,
} from "../../src/sql/builtins/names.ts";
import { createDatabase } from "../support/database.ts";

/** A new major version brings new names: scripts/list-builtins.mjs adds them, and each must be read before it is allowed. */
test("every function of the server's pg_catalog is on the list", async () => {
  const database = await createDatabase();
  const rows = await database.query<{ name: string }>(
    `SELECT DISTINCT proname::text AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace ORDER BY 1`,
  );
  expect(rows.length).toBeGreaterThan(2_500);
  expect(rows.filter(({ name }) => standingOf(name) === undefined)).toEqual([]);
});

test("what is free beside the immutable functions was read, and exists", () => {
  const known = new Set([...wordsOf(immutableFunctions), ...wordsOf(otherFunctions)]);
  const free = [...known].filter((name) => standingOf(name) !== "refused");
  expect(free.length).toBeGreaterThan(1_500);
  expect(standingOf("query_to_xml")).toBe("refused");
  expect(standingOf("pg_read_file")).toBe("refused");
  expect(standingOf("setval")).toBe("called");
  expect(standingOf("lower")).toBe("free");
  expect(standingOf("a_function_of_ours")).toBeUndefined();
});

test("no operator leads to a function that a migration may not call", async () => {
  const database = await createDatabase();
  const rows = await database.query<{ name: string }>(
    `SELECT DISTINCT p.proname::text AS name FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE oprnamespace = 'pg_catalog'::regnamespace`,
  );
  expect(rows.length).toBeGreaterThan(500);
  expect(rows.filter(({ name }) => standingOf(name) !== "free")).toEqual([]);
});

test.each([
  [
    "relations",
    relations,
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')`,
  ],
  [
    "types",
    types,
    `SELECT typname::text AS name FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype <> 'c' AND typelem = 0`,
  ],
  [
    "operators",
    operators,
    `SELECT DISTINCT oprname::text AS name FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace`,
  ],
  [
    "text search objects",
    searchObjects,
    `SELECT cfgname::text AS name FROM pg_ts_config UNION SELECT dictname FROM pg_ts_dict`,
  ],
  [
    "operator classes and families",
    operatorClasses,
    `SELECT opcname::text AS name FROM pg_opclass UNION SELECT opfname FROM pg_opfamily`,
  ],
])("the server's %s are on the list", async (_what, list, query) => {
  const known = new Set(wordsOf(list));
  const rows = await (await createDatabase()).query<{ name: string }>(query);
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter(({ name }) => !known.has(name))).toEqual([]);
});

import { expect, test } from "vitest";
import { catalogNamed } from "../../src/sql/builtins/catalog-columns.ts";
import { callRuleOf, namesInList } from "../../src/sql/builtins/functions.ts";
import { immutableFunctions } from "../../src/sql/builtins/immutable-functions.ts";
import {
  operatorClasses,
  operators,
  relations,
  searchObjects,
  types,
} from "../../src/sql/builtins/objects.ts";
import { otherFunctions } from "../../src/sql/builtins/other-functions.ts";
import { isReadableCatalog, isReadableInformation } from "../../src/sql/builtins/relations.ts";
import { createDatabase } from "../support/database.ts";

/** scripts/list-builtins.mjs adds the names of a new major version. Review each before you allow it. */
test("every function of the server's pg_catalog is on the list", async () => {
  const database = await createDatabase();
  const rows = await database.query<{ name: string }>(
    `SELECT DISTINCT proname::text AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace ORDER BY 1`,
  );
  expect(rows.length).toBeGreaterThan(2_500);
  expect(rows.filter(({ name }) => callRuleOf(name) === undefined)).toEqual([]);
});

test("dangerous functions are refused, harmless ones are allowed, and unknown ones are undecided", () => {
  const known = new Set([...namesInList(immutableFunctions), ...namesInList(otherFunctions)]);
  const free = [...known].filter((name) => callRuleOf(name) !== "refused");
  expect(free.length).toBeGreaterThan(1_500);
  expect(callRuleOf("query_to_xml")).toBe("refused");
  expect(callRuleOf("pg_read_file")).toBe("refused");
  expect(callRuleOf("setval")).toBe("called");
  expect(callRuleOf("lower")).toBe("free");
  expect(callRuleOf("a_function_of_ours")).toBeUndefined();
});

test("every operator calls an allowed function", async () => {
  const database = await createDatabase();
  const rows = await database.query<{ name: string }>(
    `SELECT DISTINCT p.proname::text AS name FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE oprnamespace = 'pg_catalog'::regnamespace`,
  );
  expect(rows.length).toBeGreaterThan(500);
  expect(rows.filter(({ name }) => callRuleOf(name) !== "free")).toEqual([]);
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
  const known = new Set(namesInList(list));
  const rows = await (await createDatabase()).query<{ name: string }>(query);
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter(({ name }) => !known.has(name))).toEqual([]);
});

interface CatalogOfServer {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The server's catalogs and their views that a migration may read. */
async function readableCatalogs(): Promise<CatalogOfServer[]> {
  const rows = await (await createDatabase()).query<{
    [key in keyof CatalogOfServer]: CatalogOfServer[key];
  }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name,
       json_agg(json_build_object('name', a.attname, 'type', a.atttypid::regtype::text)) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') AND c.relname !~ '^_'
     GROUP BY 1, 2`,
  );
  return rows.filter(({ schema, name }) =>
    schema === "pg_catalog" ? isReadableCatalog(name) : isReadableInformation(name),
  );
}

test("every catalog that lists objects has a column that limits a read to a schema", async () => {
  const catalogs = await readableCatalogs();
  expect(catalogs.length).toBeGreaterThan(110);
  for (const { schema, name, columns } of catalogs) {
    const known = catalogNamed(name, schema);
    if (known === undefined) continue;
    const limiting = [...known.columns.keys()];
    expect([name, limiting]).not.toEqual([name, []]);
    // The columns differ between versions; at least one existing column must identify the schema of a row.
    const has = new Set(columns.map((column) => column.name));
    const own = [...known.columns].filter(([column, { own }]) => own && has.has(column));
    expect([name, own]).not.toEqual([name, []]);
    expect([name, limiting.filter((column) => !has.has(column))]).toEqual([name, []]);
  }
});

test("every catalog column that names a schema is on its list, and so are other columns with the same name", async () => {
  const catalogs = await readableCatalogs();
  const anywhere = new Set(
    catalogs.flatMap(({ name, schema }) => [...(catalogNamed(name, schema)?.columns.keys() ?? [])]),
  );
  for (const { schema, name, columns } of catalogs) {
    const known = catalogNamed(name, schema);
    if (known === undefined) continue;
    const missing = columns.filter(
      (column) =>
        !known.columns.has(column.name) &&
        (anywhere.has(column.name) ||
          /(namespace|nspid|schemaname|nspname|(?<!result_cast_\w*)_schema)$/.test(column.name)),
    );
    expect([name, missing]).toEqual([name, []]);
  }
});

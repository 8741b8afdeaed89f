import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isFleetError } from "../../src/core/errors.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { exportTenant } from "../../src/operations/export-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { createFolder } from "../support/fleet.ts";
import { both, createFleet, type Fleet, tenantStatuses } from "../support/two-services.ts";

interface SchemaLine {
  kind: "schema";
  service: string;
  server: number;
  preData: string[][];
  postData: string[][];
  sequences: { name: string; lastValue: string; isCalled: boolean }[];
}

interface RowsLine {
  kind: "rows";
  table: string;
  columns: string[];
  copy: string;
}

type Line = SchemaLine | RowsLine | { kind: "tenant"; attributes: Record<string, unknown> };

let fleet: Fleet;
let file: string;
let original: string[];
let lines: Line[];

/** Creates a fleet with two tenants, and exports the first one. */
async function setUp(): Promise<void> {
  fleet = await createFleet();
  const { context, main } = fleet;
  await addTenant(context, { tenant: "acme" });
  await addTenant(context, { tenant: "victim" });
  await main.query(
    `INSERT INTO app_acme.notes (text) VALUES ('own'); INSERT INTO app_victim.notes (text) VALUES ('secret');
     CREATE SCHEMA common; CREATE TABLE common.countries (id int); CREATE SEQUENCE common.numbers`,
  );
  file = join(await createFolder(), "acme.ndjson");
  await exportTenant(context, { tenant: "acme", file });
  original = (await readFile(file, "utf8")).trimEnd().split("\n").slice(0, -1);
  restore();
}

/** Restores the lines as they were exported. */
function restore(): void {
  lines = original.map((line) => JSON.parse(line) as Line);
}

const schemaOf = (service: string) =>
  lines.find((line): line is SchemaLine => line.kind === "schema" && line.service === service) ??
  expect.fail(`no ${service}`);
const rowsOf = (table: string) =>
  lines.find((line): line is RowsLine => line.kind === "rows" && line.table === table) ??
  expect.fail(`no rows of ${table}`);

/** Writes the lines, and a raw one after them, as a file with a valid end. */
async function write(raw?: string): Promise<void> {
  const texts = lines.map((line) => `${JSON.stringify(line)}\n`);
  if (raw !== undefined) texts.push(`${raw}\n`);
  const sha256 = createHash("sha256").update(texts.join("")).digest("hex");
  await writeFile(file, `${texts.join("")}${JSON.stringify({ kind: "end", sha256 })}\n`);
}

/** Imports the lines, and returns the refusal: its message, or the first one of several. */
async function refusal(): Promise<{ message: string; where: string }> {
  await write();
  try {
    await importTenant(fleet.context, { file, tenant: "copy" });
  } catch (error) {
    if (!isFleetError(error)) throw error;
    const { message, where = "" } = error.problems[0] ?? error;
    return { message, where };
  }
  return expect.fail("it was imported");
}

/** Checks that the new tenant does not exist and that the others are unchanged. */
async function expectUntouched(): Promise<void> {
  expect(await tenantStatuses(fleet)).toEqual(both("acme", "victim"));
  expect(await fleet.main.query("SELECT text FROM app_victim.notes")).toEqual([{ text: "secret" }]);
  expect(await fleet.main.query("SELECT last_value FROM common.numbers")).toEqual([
    { last_value: "1" },
  ]);
  const outside = await fleet.main.query(
    `SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'common') AND relname !~ '^(countries|numbers)'`,
  );
  expect(outside).toEqual([]);
}

test("an unchanged file is imported with its rows", async () => {
  await setUp();
  await write();
  await importTenant(fleet.context, { file, tenant: "copy" });
  expect(await fleet.main.query("SELECT text FROM app_copy.notes")).toEqual([{ text: "own" }]);
});

describe("forbidden SQL in a tenant's file is refused before anything runs, with its line", () => {
  const strange = "tenants export does not write statements of this kind";
  const named = (schema: string) =>
    `the statement names the schema "${schema}", which is neither the tenant's nor shared`;
  const cases: [statement: string[], reason: string][] = [
    // Transactions, and statements that reach beyond one schema.
    [["COMMIT"], strange],
    [["ROLLBACK"], strange],
    [["SAVEPOINT a"], strange],
    [["PREPARE TRANSACTION 'a'"], strange],
    [["SET search_path = app_victim"], strange],
    [["SET LOCAL row_security = on"], strange],
    [["SET standard_conforming_strings = off"], strange],
    [["RESET ALL"], strange],
    [["DO $$ BEGIN END $$"], strange],
    [["CALL ", ".f()"], strange],
    [["SELECT pg_catalog.set_config('search_path', 'app_victim', false)"], strange],
    [["UPDATE app_victim.notes SET text = 'x'"], strange],
    [["INSERT INTO ", ".notes (text) VALUES ('x')"], strange],
    [["DELETE FROM ", ".notes"], strange],
    [["TRUNCATE app_victim.notes"], strange],
    [["COPY ", ".notes TO PROGRAM 'sh'"], strange],
    [["DROP TABLE app_victim.notes"], strange],
    [["DROP SCHEMA app_victim CASCADE"], strange],
    [["CREATE SCHEMA other"], strange],
    [["CREATE EXTENSION pg_trgm"], strange],
    [["CREATE ROLE intruder SUPERUSER"], strange],
    [["CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION ", ".f()"], strange],
    [["ALTER SYSTEM SET work_mem = '1MB'"], strange],
    [["LOCK TABLE app_victim.notes"], strange],
    [["VACUUM"], strange],
    [["GRANT ALL ON ", ".notes TO PUBLIC"], strange],
    [["GRANT ALL ON ALL TABLES IN SCHEMA ", " TO PUBLIC"], strange],
    [["REVOKE ALL ON app_victim.notes FROM PUBLIC"], strange],
    [["ALTER DEFAULT PRIVILEGES IN SCHEMA ", " GRANT ALL ON TABLES TO PUBLIC"], strange],
    // Exactly one complete statement is allowed.
    [["COMMENT ON TABLE ", ".notes IS 'a'; COMMIT"], "it contains 2 statements instead of one"],
    [[""], "it contains 0 statements instead of one"],
    [[" -- nothing"], "it contains 0 statements instead of one"],
    [["CREATE TABLE ", ".a (x text DEFAULT 'x"], "unterminated quoted"],
    [["CREATE TABL ", ".a ()"], 'syntax error at or near "TABL"'],
    [["CREATE VIEW ", `.v AS SELECT ${"(".repeat(50_000)}1${")".repeat(50_000)}`], "nested"],
    [["CREATE VIEW ", `.v AS SELECT 1${" + 1".repeat(50_000)}`], "nested"],
    [
      ["COMMENT ON TABLE ", ".notes IS 'a' -- \n; COMMIT"],
      "it contains 2 statements instead of one",
    ],
    [["COMMENT ON TABLE ", ".notes IS 'a' /* ; COMMIT"], "unterminated /* comment"],
    // Created or changed in another schema.
    [["CREATE TABLE app_victim.a ()"], strange],
    [["CREATE TABLE public.a ()"], strange],
    [["CREATE TABLE common.a ()"], strange],
    [["CREATE TABLE a ()"], strange],
    [["CREATE TABLE pg_temp.a ()"], strange],
    [["CREATE TEMPORARY TABLE a ()"], strange],
    [["CREATE TABLE ", ".a () INHERITS (app_victim.notes)"], strange],
    [["CREATE TABLE ", ".a () TABLESPACE pg_default"], strange],
    [["CREATE TABLE ", ".a AS SELECT * FROM app_victim.notes"], strange],
    [["CREATE MATERIALIZED VIEW ", ".a AS SELECT 1"], strange],
    [["CREATE FUNCTION common.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"], strange],
    [["CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"], strange],
    [["CREATE TYPE common.t AS ENUM ('a')"], strange],
    [["CREATE DOMAIN common.d AS int"], strange],
    [["CREATE SEQUENCE common.s"], strange],
    [["CREATE VIEW common.v AS SELECT 1"], strange],
    [["CREATE INDEX i ON app_victim.notes (id)"], strange],
    [["CREATE TRIGGER t BEFORE INSERT ON app_victim.notes EXECUTE FUNCTION ", ".f()"], strange],
    [["CREATE RULE r AS ON INSERT TO app_victim.notes DO INSTEAD NOTHING"], strange],
    [["CREATE POLICY p ON app_victim.notes USING (true)"], strange],
    [["CREATE STATISTICS common.s ON id, text FROM ", ".notes"], strange],
    [["COMMENT ON TABLE app_victim.notes IS 'x'"], strange],
    [["COMMENT ON SCHEMA app_victim IS 'x'"], strange],
    [["COMMENT ON COLUMN app_victim.notes.id IS 'x'"], strange],
    [["COMMENT ON FUNCTION common.f(int) IS 'x'"], strange],
    [["ALTER TABLE app_victim.notes DISABLE TRIGGER ALL"], strange],
    [["ALTER TABLE ", ".notes OWNER TO postgres"], strange],
    [["ALTER TABLE ", ".notes SET SCHEMA public"], strange],
    [["ALTER TABLE ", ".notes RENAME TO other"], strange],
    [["ALTER TABLE ", ".notes DROP COLUMN text"], strange],
    [["ALTER TABLE ", ".notes SET TABLESPACE pg_default"], strange],
    [["ALTER TABLE ", ".notes INHERIT app_victim.notes"], strange],
    [["ALTER TABLE app_victim.notes ATTACH PARTITION ", ".notes DEFAULT"], strange],
    [["ALTER SEQUENCE common.numbers OWNED BY NONE"], strange],
    [["REFRESH MATERIALIZED VIEW app_victim.m"], strange],
    [["CREATE INDEX CONCURRENTLY i ON ", ".notes (id)"], strange],
    // A file can fill the ledger, but not change its definition.
    [["CREATE TRIGGER t BEFORE INSERT ON ", ".__fleet_ledger EXECUTE FUNCTION ", ".f()"], strange],
    [["CREATE RULE r AS ON INSERT TO ", ".__fleet_ledger DO INSTEAD NOTHING"], strange],
    [["ALTER TABLE ", ".__fleet_ledger ADD CHECK (false)"], strange],
    [["CREATE TABLE ", ".a () INHERITS (", ".__fleet_ledger)"], strange],
    // Read from another schema.
    [["CREATE VIEW ", ".v AS SELECT * FROM app_victim.notes"], named("app_victim")],
    [["CREATE VIEW ", ".v AS SELECT * FROM common.countries"], named("common")],
    [["CREATE TABLE ", ".a (x common.t)"], named("common")],
    [["CREATE TABLE ", ".a (x int DEFAULT nextval('common.numbers'))"], named("common")],
    [["CREATE TABLE ", ".a (x int REFERENCES app_victim.notes)"], named("app_victim")],
    [["CREATE VIEW ", ".v AS SELECT * FROM public.a"], named("public")],
    [
      [
        "CREATE FUNCTION ",
        ".g() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM app_victim.notes'",
      ],
      named("app_victim"),
    ],
    [
      [
        "CREATE FUNCTION ",
        ".g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM app_victim.notes; RETURN 1; END $$",
      ],
      named("app_victim"),
    ],
    [
      [
        "CREATE FUNCTION ",
        ".g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT id FROM app_victim.notes; END",
      ],
      named("app_victim"),
    ],
    [
      [
        "CREATE FUNCTION ",
        ".g() RETURNS int LANGUAGE sql SET search_path = app_victim AS 'SELECT 1'",
      ],
      named("app_victim"),
    ],
    [
      [
        "CREATE FUNCTION ",
        ".g(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE t; END $$",
      ],
      "cannot prove that this stays in the tenant",
    ],
  ];

  test("before the rows, and after them", async () => {
    await setUp();
    for (const [statement, reason] of cases)
      for (const list of ["preData", "postData"] as const) {
        const schema = schemaOf("app");
        const before = schema[list];
        schema[list] = [...before, statement];
        const { message, where } = await refusal();
        const position = `${list} ${before.length + 1}: `;
        expect(message.slice(0, position.length), message).toBe(position);
        expect(message, statement.join("{tenant}")).toContain(
          // A statement that names public has its own message.
          reason === named("public") ? 'names the schema "public"' : reason,
        );
        expect(where).toBe(`${file}:2`);
        schema[list] = before;
      }
    await expectUntouched();
  });

  test("unless --accept-unproved accepts what cannot be proved", async () => {
    await setUp();
    const schema = schemaOf("app");
    // The function as PostgreSQL describes it.
    schema.preData.push([
      "CREATE OR REPLACE FUNCTION ",
      ".run(t text)\n RETURNS void\n LANGUAGE plpgsql\nAS $function$ BEGIN EXECUTE t; END $function$",
    ]);
    expect((await refusal()).message).toContain("cannot prove");
    await importTenant(fleet.context, { file, tenant: "copy", acceptUnproved: true });
    expect(await tenantStatuses(fleet)).toContain("copy active");
  });
});

test("the parts of a file that are not SQL are checked too", async () => {
  const change = (line: object, changes: object) => Object.assign(line, changes);
  const cases: [name: string, spoil: () => void, reason: string][] = [
    [
      "rows of a table in another schema",
      () => change(rowsOf("notes"), { table: "app_victim.notes" }),
      'relation "app_copy.app_victim.notes" does not exist',
    ],
    [
      "a table's name that ends its quotes",
      () => change(rowsOf("notes"), { table: "notes\" FROM PROGRAM 'sh' --" }),
      "does not exist",
    ],
    [
      "a column's name that ends its quotes",
      () => change(rowsOf("notes"), { columns: ["id\") FROM PROGRAM 'sh' --"] }),
      "does not exist",
    ],
    [
      "a table's name with a NUL",
      () => change(rowsOf("notes"), { table: "notes\0" }),
      "PostgreSQL does not accept in text",
    ],
    [
      "a name that PostgreSQL would cut",
      () => change(rowsOf("notes"), { table: "n".repeat(64) }),
      "a name must be 1 to 63 bytes long",
    ],
    [
      "rows that a NUL would cut",
      () => change(rowsOf("notes"), { copy: "1\ta\0\tfine\t\\N\n" }),
      "PostgreSQL does not accept in text",
    ],
    [
      "rows that an end-of-data mark would cut",
      () => change(rowsOf("notes"), { copy: "1\ta\tfine\t\\N\n\\.\n2\tb\tfine\t\\N\n" }),
      "its rows contain \\., which ends COPY's data",
    ],
    [
      "rows that one line ends for the next",
      () => {
        const rows = rowsOf("notes");
        const more = { ...rows, copy: ".\n3\tc\tfine\t\\N\n" };
        lines.splice(lines.indexOf(rows) + 1, 0, more);
        rows.copy += "\\";
      },
      "its rows contain \\., which ends COPY's data",
    ],
    [
      "half a character",
      () => change(rowsOf("notes"), { copy: "1\t\ud800\tfine\t\\N\n" }),
      "PostgreSQL does not accept in text",
    ],
    [
      "a statement that a NUL would cut",
      () => schemaOf("app").preData.push(["CREATE TABLE ", ".a ()\0; COMMIT"]),
      "PostgreSQL does not accept in text",
    ],
    [
      "a sequence that is somewhere else",
      () => schemaOf("app").sequences.push({ name: "numbers", lastValue: "99", isCalled: true }),
      'relation "numbers" does not exist',
    ],
    [
      "a sequence's name that ends its quotes",
      () =>
        schemaOf("app").sequences.push({
          name: "x'); DROP SCHEMA common CASCADE; --",
          lastValue: "9",
          isCalled: true,
        }),
      "does not exist",
    ],
    [
      "a position that is SQL",
      () =>
        schemaOf("app").sequences.push({
          name: "notes_id_seq",
          lastValue: "1, true), pg_catalog.pg_sleep(1",
          isCalled: true,
        }),
      "lastValue",
    ],
    [
      "a position that is no bigint",
      () => change(schemaOf("app").sequences[0] ?? {}, { lastValue: "9".repeat(30) }),
      "lastValue",
    ],
    [
      "a service that the fleet has not",
      () => change(schemaOf("app"), { service: "billing" }),
      "the file contains services that have no tenants in this fleet: billing",
    ],
    ["a service twice", () => lines.push(schemaOf("app")), "it contains a service twice"],
    [
      "a kind that is not known",
      () => lines.push({ kind: "sql", text: "COMMIT" } as unknown as Line),
      "kind",
    ],
    ["a key that is not known", () => change(schemaOf("app"), { grants: [] }), "Unrecognized key"],
    ["a statement without pieces", () => schemaOf("app").preData.push([]), "preData"],
    [
      "attributes with a NUL",
      () => change(lines[0] ?? {}, { attributes: { a: "\0" } }),
      "PostgreSQL does not accept in text",
    ],
    [
      "rows that break what the structure demands",
      () => change(rowsOf("notes"), { copy: "1\ta\tfine\t99\n" }),
      "violates foreign key constraint",
    ],
    [
      "a structure that the server makes another one of",
      () =>
        change(schemaOf("app"), {
          preData: [...schemaOf("app").preData, ["CREATE SEQUENCE ", ".s"]],
        }),
      "the copy would differ from the original",
    ],
  ];
  await setUp();
  for (const [name, spoil, reason] of cases) {
    restore();
    spoil();
    expect((await refusal()).message, name).toContain(reason);
  }
  restore();
  for (const depth of [5_000, 5_000_000]) {
    await write(`{"kind":"rows","copy":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    await expect(importTenant(fleet.context, { file, tenant: "copy" })).rejects.toThrow(
      "not a valid tenant file",
    );
  }
  change(lines[0] ?? {}, { tenant: 'a"; DROP SCHEMA common' });
  await write();
  await expect(importTenant(fleet.context, { file })).rejects.toThrow("is not allowed");
  await expectUntouched();
}, 120_000);

test("a forged ledger affects what status shows, and nothing else of the tenant", async () => {
  await setUp();
  const { context, main } = fleet;
  const rows = rowsOf("__fleet_ledger");
  rows.copy = rows.copy.replace("0000_notes", "0000_\\tother");
  await write();
  await importTenant(context, { file, tenant: "copy" });
  expect(await main.query("SELECT tag FROM app_copy.__fleet_ledger")).toEqual([
    { tag: "0000_\tother" },
  ]);
});

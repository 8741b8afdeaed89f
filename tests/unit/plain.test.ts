import { beforeAll, describe, expect, test } from "vitest";
import { loadParser, parse } from "../../src/sql/parser.ts";
import { isPlain } from "../../src/sql/plain.ts";

function plain(sql: string): boolean {
  const [statement] = parse(sql);
  if (statement === undefined) throw new Error("no statement");
  return isPlain(statement.tree);
}

describe("a statement that only defines objects", () => {
  beforeAll(loadParser);

  test.each([
    'CREATE TABLE "t" ("id" serial PRIMARY KEY, "at" timestamp DEFAULT my_time() NOT NULL, CHECK (check_it(id)))',
    "ALTER TABLE t ADD COLUMN c text",
    "ALTER TABLE t ADD COLUMN c varchar(20) DEFAULT 'x' NOT NULL, ADD COLUMN d int[] DEFAULT '{}'::int[]",
    "ALTER TABLE t ADD COLUMN c timestamptz DEFAULT now() NOT NULL",
    "ALTER TABLE t ADD COLUMN c date DEFAULT CURRENT_DATE",
    "ALTER TABLE t ALTER COLUMN c SET NOT NULL, ALTER COLUMN d SET DEFAULT my_default(), DROP COLUMN e",
    'ALTER TABLE t ADD CONSTRAINT "f" FOREIGN KEY ("a") REFERENCES "public"."p" ("id") ON DELETE cascade',
    'CREATE INDEX "i" ON "t" USING btree ("a" DESC NULLS LAST, "b")',
    "CREATE UNIQUE INDEX i ON t (a) WHERE deleted_at IS NULL AND active",
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE SEQUENCE s",
    "CREATE VIEW v AS SELECT my_function(a) FROM t",
    "DROP TABLE t CASCADE",
    "ALTER TABLE t RENAME COLUMN a TO b",
    "COMMENT ON TABLE t IS 'x'",
  ])("is plain: %s", (sql) => {
    expect(plain(sql)).toBe(true);
  });

  test.each([
    // Leaves something in the session.
    "SET lock_timeout = 5",
    "CREATE TEMP TABLE t (a int)",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TEMP SEQUENCE s",
    "PREPARE p AS SELECT 1",
    "LISTEN x",
    "SELECT set_config('a.b', 'c', false)",
    "DO $$ BEGIN PERFORM 1; END $$",
    "CREATE TABLE pg_temp.t (a int)",
    "CREATE VIEW pg_temp.v AS SELECT 1",
    "CREATE SEQUENCE pg_temp.s",
    "CREATE TYPE pg_temp.e AS ENUM ('a')",
    "ALTER TABLE pg_temp_3.t ADD COLUMN c text",
    // Writes rows, so that triggers run.
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MATERIALIZED VIEW v AS SELECT my_function()",
    "TRUNCATE t",
    // Evaluates something for each row, or at once.
    "ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE t ADD COLUMN c int DEFAULT my_default()",
    "ALTER TABLE t ADD COLUMN c int DEFAULT 1 + 1",
    "ALTER TABLE t ADD COLUMN c timestamptz DEFAULT now(1)",
    "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, r WITHOUT OVERLAPS)",
    "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + my_two()) STORED)",
    "CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =) WHERE (my_check(1)))",
    "CREATE TABLE t (a int) PARTITION BY RANGE ((a + my_two()))",
    "CREATE INDEX i ON t (a) WHERE t.my_name IS NOT NULL",
    "ALTER TABLE t ADD COLUMN c my_domain",
    'ALTER TABLE t ADD COLUMN c "exception"',
    "ALTER TABLE t ADD COLUMN c public.text",
    "ALTER TABLE t ADD COLUMN c text DEFAULT 'x'::my_domain",
    "ALTER TABLE t ADD COLUMN c serial",
    "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) STORED",
    "ALTER TABLE t ADD COLUMN c int CHECK (my_check(c))",
    "ALTER TABLE t ADD CONSTRAINT k CHECK (my_check(a))",
    "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (a WITH &&)",
    "ALTER TABLE t VALIDATE CONSTRAINT k",
    "ALTER TABLE t ALTER COLUMN a TYPE text USING my_text(a)",
    "ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)",
    "CREATE TABLE p PARTITION OF t FOR VALUES IN (my_value())",
    "CREATE INDEX i ON t (my_key(a))",
    "CREATE INDEX i ON t ((a + 1))",
    "CREATE INDEX i ON t (a) WHERE my_check(a)",
    "CREATE INDEX i ON t (a my_ops)",
    "CREATE INDEX i ON t USING gist (a)",
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    // Concerns every table, the ledger as well.
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO x",
  ])("is not plain: %s", (sql) => {
    expect(plain(sql)).toBe(false);
  });
});

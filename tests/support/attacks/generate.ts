import type pg from "pg";
import type { Random } from "../random.ts";

/** The tenant that is attacked, and what an attacker may know about it. */
export interface Neighbor {
  readonly schema: string;
  /** OIDs by name: `users`, `seq`, `poke`. */
  readonly oids: Readonly<Record<string, number>>;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)] as T;

/** Texts that lead to the neighbor: written out, or assembled. */
function texts({ schema }: Neighbor): string[] {
  return [
    `'${schema}.users'`,
    `'"${schema}"."users"'`,
    `'${schema}' || chr(46) || 'users'`,
    `concat('${schema}', chr(46), 'seq')`,
    `'SELECT name FROM ${schema}.users'`,
    `'SELECT name FROM ' || '${schema}' || chr(46) || 'users'`,
    `'TABLE ${schema}' || chr(46) || 'users'`,
    `'SELECT ${schema}' || chr(46) || 'poke()'`,
    `format('%I.%I', '${schema}', 'users')`,
    `(SELECT '${schema}' || chr(46) || relname FROM pg_class WHERE relname = 'users' LIMIT 1)`,
    "'search_path'",
    "'PG_VERSION'",
    "'/etc/passwd'",
    `'${schema}'`,
    `E'${schema}\\x2eusers'`,
    `U&'${schema}\\002eusers'`,
  ];
}

/** An argument of a type that leads to the neighbor, or is at least valid. */
function argumentOf(random: Random, type: string, neighbor: Neighbor): string {
  const { users = 0, seq = 0, poke = 0 } = neighbor.oids;
  const oids = [
    String(users),
    String(seq),
    String(poke),
    `${users}::oid`,
    `(SELECT max(oid) FROM pg_class WHERE relname = 'users')`,
  ];
  if (/^(text|varchar|bpchar|name|cstring|char|unknown)$/.test(type))
    return pick(random, texts(neighbor));
  if (/^(oid|regclass|regproc|regprocedure|regtype)$/.test(type))
    return pick(random, [...oids, `'${neighbor.schema}.seq'`, ...texts(neighbor).slice(2, 4)]);
  if (/^(any|anyelement|anynonarray|anycompatible)$/.test(type)) return "'x'::text";
  if (/^(any|anycompatible)array$/.test(type)) return "ARRAY[1]";
  if (/^(int2|int4|int8|float4|float8|numeric|xid|xid8)$/.test(type)) return `1::text::${type}`;
  if (type === "bool") return "true";
  if (/^jsonb?$/.test(type)) return `'{"a":1}'::${type}`;
  if (type === "record") return "ROW(1)";
  if (type === "regnamespace") return `'${neighbor.schema}'`;
  return `NULL::${type.startsWith("_") ? `${type.slice(1)}[]` : type}`;
}

/** Ways in which a migration can call or name a function. */
const shapes: readonly ((call: string, name: string, id: number) => string)[] = [
  (call) => `SELECT ${call}`,
  (call, _, id) => `CREATE TABLE r${id} AS SELECT (${call})::text AS x`,
  (call) => `UPDATE users SET name = (${call})::text`,
  (call) => `INSERT INTO users SELECT 7, (${call})::text`,
  (call) => `DO $$ BEGIN PERFORM ${call}; END $$`,
  (call) =>
    `DO $$ DECLARE x text := (${call})::text; BEGIN INSERT INTO users VALUES (8, x); END $$`,
  (call) => `DO $$ BEGIN EXECUTE $e$ SELECT ${call} $e$; END $$`,
  (call, _, id) =>
    `CREATE TABLE r${id} (x text DEFAULT (${call})::text); INSERT INTO r${id} DEFAULT VALUES`,
  (call, _, id) => `CREATE VIEW v${id} AS SELECT ${call} AS x; SELECT * FROM v${id}`,
  (call, _, id) =>
    `CREATE FUNCTION f${id}() RETURNS text LANGUAGE sql AS $$ SELECT (${call})::text $$; SELECT f${id}()`,
  (call, _, id) =>
    `CREATE FUNCTION f${id}() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT (${call})::text; END; SELECT f${id}()`,
  (call) => `SELECT 1 FROM users WHERE (${call}) IS NOT NULL`,
  (call) => `WITH x AS (SELECT ${call} AS y) INSERT INTO users SELECT 9, y::text FROM x`,
  (call, _, id) => `CREATE MATERIALIZED VIEW m${id} AS SELECT (${call})::text AS x`,
  (call, _, id) =>
    `CREATE TABLE r${id} (i int, CHECK ((${call}) IS NOT NULL)); INSERT INTO r${id} VALUES (1)`,
  (call, _, id) => `CREATE RULE u${id} AS ON UPDATE TO users DO ALSO SELECT ${call}`,
  (call, _, id) => `CREATE POLICY p${id} ON users USING ((${call}) IS NOT NULL)`,
  (call) => `SELECT * FROM ROWS FROM (${call}) AS r`,
  (call) => `SELECT pg_catalog.${call}`,
  (_, name, id) =>
    `CREATE AGGREGATE a${id}(text) (SFUNC = ${name}, STYPE = text, INITCOND = 'x'); SELECT a${id}('y')`,
  (_, name, id) =>
    `CREATE AGGREGATE a${id}(text, bool) (SFUNC = '${name}', STYPE = text, INITCOND = 'search_path'); SELECT a${id}('x', false)`,
  (_, name, id) =>
    `CREATE OPERATOR <!${"<".repeat((id % 5) + 1)} (LEFTARG = text, RIGHTARG = text, FUNCTION = ${name})`,
  (_, name, id) =>
    `CREATE TRIGGER t${id} BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION "${name}"()`,
  (_, name) => `GRANT EXECUTE ON FUNCTION ${name} TO PUBLIC`,
];

/** One attack for each function in pg_catalog. */
export async function attacksByFunctions(
  client: pg.Client,
  random: Random,
  neighbor: Neighbor,
): Promise<string[]> {
  const { rows } = await client.query<{ name: string; types: string[] }>(
    `SELECT proname::text AS name, ARRAY(SELECT t.typname::text FROM unnest(proargtypes) WITH ORDINALITY u (oid, n) JOIN pg_type t USING (oid) ORDER BY n) AS types
     FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace ORDER BY proname, oid`,
  );
  const byName = new Map(rows.map((row) => [row.name, row.types]));
  return [...byName].map(([name, types], id) => {
    const given = types.map((type) => argumentOf(random, type, neighbor));
    const quoted = /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`;
    return pick(random, shapes)(`${quoted}(${given.join(", ")})`, quoted, id);
  });
}

/** Ways to change a relation or its contents. `{r}` is its name, `{c}` one of its columns. */
const onRelations = `
  INSERT INTO {r} DEFAULT VALUES
  UPDATE {r} SET {c} = {c}
  DELETE FROM {r}
  MERGE INTO {r} USING users u ON false WHEN NOT MATCHED THEN DO NOTHING
  TRUNCATE {r}
  LOCK TABLE {r} IN ACCESS EXCLUSIVE MODE
  GRANT ALL ON {r} TO PUBLIC
  REVOKE ALL ON TABLE {r} FROM PUBLIC
  COMMENT ON COLUMN {r}.{c} IS 'x'
  ALTER TABLE {r} RENAME COLUMN {c} TO x
  ALTER TABLE {r} DISABLE TRIGGER ALL
  DROP TABLE {r} CASCADE
  DROP VIEW {r} CASCADE
  CREATE INDEX ON {r} ({c})
  CREATE TRIGGER t AFTER INSERT ON {r} FOR EACH STATEMENT EXECUTE FUNCTION f()
  CREATE RULE x AS ON INSERT TO {r} DO INSTEAD NOTHING
  CREATE RULE x AS ON INSERT TO users DO ALSO DELETE FROM {r}
  CREATE POLICY p ON {r}
  CREATE VIEW w{i} AS SELECT * FROM {r}; UPDATE w{i} SET {c} = {c}
  CREATE VIEW w{i} AS SELECT {c} FROM (SELECT * FROM {r}) s; DELETE FROM w{i}
  WITH w AS (DELETE FROM {r} RETURNING 1) INSERT INTO users SELECT 5, 'x' FROM w
  WITH w AS (UPDATE {r} SET {c} = {c} RETURNING 1) SELECT * FROM w
  SELECT {c} FROM {r} FOR UPDATE
  DO $$ BEGIN DELETE FROM {r}; END $$
  DO $$ BEGIN EXECUTE 'UPDATE {r} SET {c} = {c}'; END $$
  CREATE FUNCTION g{i}() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM {r}; END; SELECT g{i}()
  CREATE TABLE x{i} () INHERITS ({r})
  SELECT * INTO x{i} FROM {r}
  CREATE TABLE x{i} AS TABLE {r}
  INSERT INTO users SELECT 6, {c}::text FROM {r}
  SELECT * FROM {r}
  SELECT r::text FROM {r} r
  COPY {r} TO '/tmp/x'
  ANALYZE {r}
  CLUSTER {r}
  CREATE STATISTICS s{i} ON {c}, {c} FROM {r}
  CREATE PUBLICATION p FOR TABLE {r}
  ALTER SEQUENCE {r} RESTART
`
  .trim()
  .split("\n")
  .map((line) => line.trim());

/** Attacks on catalogs, and on the neighbor's relations in every spelling. */
export async function attacksOnRelations(
  client: pg.Client,
  random: Random,
  { schema }: Neighbor,
): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; name: string; column: string }>(
    `SELECT n.nspname AS schema, quote_ident(c.relname) AS name, (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1) AS column
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') ORDER BY 1, 2`,
  );
  const catalogs = rows.map((row) => ({
    name:
      row.schema === "pg_catalog" && random.chance(0.5) ? row.name : `${row.schema}.${row.name}`,
    column: row.column,
  }));
  const spellings = [
    `${schema}.users`,
    `"${schema}"."users"`,
    `${schema.toUpperCase()} . "users"`,
    `${schema}/* x */.users`,
    `U&"${schema.replace("_", "\\005f")}".users`,
    `${schema}.seq`,
    `${schema}.__fleet_ledger`,
    "__fleet_ledger",
  ].map((name) => ({ name, column: "name" }));
  const write = (template: string, { name, column }: { name: string; column: string }, i: number) =>
    template.replaceAll("{r}", name).replaceAll("{c}", column).replaceAll("{i}", String(i));
  return [
    ...catalogs.flatMap((relation, i) =>
      [0, 1].map((n) => write(pick(random, onRelations), relation, 2 * i + n)),
    ),
    ...spellings.flatMap((relation, i) =>
      onRelations.map((template, n) => write(template, relation, 10_000 + 100 * i + n)),
    ),
  ];
}

/** A statement whose locks, rewrites and scans are compared with what other sessions see. */
export interface LintStatement {
  readonly sql: string;
  /** The major version of PostgreSQL that introduced it. */
  readonly since?: number;
}

/** What the statements change. Each table gets 1,000 rows. `shared` is a schema that tenants share. */
export const lintedTables = `
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE SEQUENCE counter;
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, name varchar(50), age integer, mood mood, score numeric(8, 2),
  created timestamp NOT NULL DEFAULT now(), seen timestamptz, flags bit(8), plan integer, note text, code char(8), data jsonb);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_age ON users (age);
CREATE UNIQUE INDEX users_number ON users (id);
ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 0) NOT VALID;
ALTER TABLE users ADD CONSTRAINT has_seen CHECK (seen IS NOT NULL);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id), total integer, plan integer, parent integer,
  placed date NOT NULL DEFAULT '2026-01-01', note text);
CREATE INDEX orders_user ON orders (user_id);
ALTER TABLE orders ADD CONSTRAINT orders_plan_fk FOREIGN KEY (plan) REFERENCES shared.plans (id);
ALTER TABLE orders ADD CONSTRAINT orders_parent_fk FOREIGN KEY (parent) REFERENCES orders (id) NOT VALID;
CREATE TABLE logs (id integer NOT NULL, day integer NOT NULL, text text) PARTITION BY RANGE (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (1000);
CREATE TABLE logs_2 (id integer NOT NULL, day integer NOT NULL, text text);
CREATE TABLE logs_3 (id integer NOT NULL, day integer NOT NULL, text text, CONSTRAINT day_bounds CHECK (day >= 3000 AND day < 4000));
CREATE INDEX logs_day ON logs (day);
CREATE TABLE base (id integer, note text);
CREATE TABLE child () INHERITS (base);
CREATE UNLOGGED TABLE cache (key text PRIMARY KEY, value text);
CREATE VIEW adults AS SELECT id, email FROM users WHERE id >= 18;
CREATE MATERIALIZED VIEW ages AS SELECT placed AS age, count(*) AS n FROM orders GROUP BY placed;
CREATE UNIQUE INDEX ages_key ON ages (age);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY own ON users USING (id > 0);
CREATE STATISTICS users_stats ON age, plan FROM users;
CREATE RULE no_delete AS ON DELETE TO cache DO INSTEAD NOTHING;
`;

/** The rows. */
export const lintedRows = `
INSERT INTO users SELECT n, 'user' || n, 'name', n % 90, 'ok', n, now(), now(), B'00000000', 1, 'note', 'code', '{}' FROM generate_series(1, 1000) n;
INSERT INTO orders SELECT n, n, n, 1, n FROM generate_series(1, 1000) n;
INSERT INTO logs SELECT n, n % 1000, 'text' FROM generate_series(1, 1000) n;
INSERT INTO logs_2 SELECT n, 2000 + n % 1000, 'text' FROM generate_series(1, 1000) n;
INSERT INTO logs_3 SELECT n, 3000 + n % 1000, 'text' FROM generate_series(1, 1000) n;
INSERT INTO base SELECT n, 'note' FROM generate_series(1, 1000) n;
INSERT INTO child SELECT n, 'note' FROM generate_series(1, 1000) n;
INSERT INTO cache SELECT n, 'value' FROM generate_series(1, 1000) n;
REFRESH MATERIALIZED VIEW ages;
`;

const every = (...statements: readonly string[]): LintStatement[] =>
  statements.map((sql) => ({ sql }));

const since = (version: number, ...statements: readonly string[]): LintStatement[] =>
  statements.map((sql) => ({ sql, since: version }));

const columns = every(
  "ALTER TABLE users ADD COLUMN extra text",
  "ALTER TABLE users ADD COLUMN extra integer NOT NULL DEFAULT 0",
  "ALTER TABLE users ADD COLUMN extra timestamptz DEFAULT now()",
  "ALTER TABLE users ADD COLUMN extra uuid DEFAULT gen_random_uuid()",
  "ALTER TABLE users ADD COLUMN extra double precision DEFAULT random()",
  "ALTER TABLE users ADD COLUMN extra integer DEFAULT nextval('counter')",
  "ALTER TABLE users ADD COLUMN extra serial",
  "ALTER TABLE users ADD COLUMN extra bigint GENERATED ALWAYS AS IDENTITY",
  "ALTER TABLE users ADD COLUMN extra integer GENERATED ALWAYS AS (age * 2) STORED",
  "ALTER TABLE users ADD COLUMN extra integer CHECK (extra > 0)",
  "ALTER TABLE users ADD COLUMN extra integer UNIQUE",
  "ALTER TABLE users ADD COLUMN extra integer REFERENCES orders (id)",
  "ALTER TABLE users ADD COLUMN extra integer REFERENCES shared.plans (id)",
  "ALTER TABLE users ADD COLUMN extra mood NOT NULL DEFAULT 'ok'",
  "ALTER TABLE users ADD COLUMN extra positive",
  "ALTER TABLE users ADD COLUMN extra positive DEFAULT 1",
  "ALTER TABLE users ADD COLUMN IF NOT EXISTS age integer",
  "ALTER TABLE users DROP COLUMN note",
  "ALTER TABLE users DROP COLUMN age CASCADE",
  "ALTER TABLE orders DROP COLUMN plan",
  "ALTER TABLE orders DROP COLUMN user_id",
  "ALTER TABLE users DROP COLUMN IF EXISTS missing",
  "ALTER TABLE users ALTER COLUMN age TYPE bigint",
  "ALTER TABLE users ALTER COLUMN name TYPE varchar(100)",
  "ALTER TABLE users ALTER COLUMN name TYPE varchar(20)",
  "ALTER TABLE users ALTER COLUMN name TYPE text",
  "ALTER TABLE users ALTER COLUMN note TYPE varchar(200)",
  "ALTER TABLE users ALTER COLUMN code TYPE text",
  "ALTER TABLE users ALTER COLUMN score TYPE numeric(12, 2)",
  "ALTER TABLE users ALTER COLUMN score TYPE numeric(12, 4)",
  "ALTER TABLE users ALTER COLUMN score TYPE numeric",
  "ALTER TABLE users ALTER COLUMN created TYPE timestamptz",
  "ALTER TABLE users ALTER COLUMN seen TYPE timestamp",
  "ALTER TABLE users ALTER COLUMN created TYPE timestamptz USING created AT TIME ZONE 'Asia/Tokyo'",
  "ALTER TABLE users ALTER COLUMN created TYPE timestamp(3)",
  "ALTER TABLE users ALTER COLUMN flags TYPE varbit",
  "ALTER TABLE users ALTER COLUMN mood TYPE text",
  "ALTER TABLE users ALTER COLUMN note TYPE mood USING 'ok'::mood",
  "ALTER TABLE users ALTER COLUMN data TYPE json",
  'ALTER TABLE users ALTER COLUMN note TYPE text COLLATE "C"',
  "ALTER TABLE orders ALTER COLUMN user_id TYPE bigint",
  "ALTER TABLE users ALTER COLUMN age TYPE bigint, ALTER COLUMN plan TYPE bigint",
  "ALTER TABLE users ALTER COLUMN plan SET NOT NULL",
  "ALTER TABLE users ALTER COLUMN seen SET NOT NULL",
  "ALTER TABLE users ALTER COLUMN email DROP NOT NULL",
  "ALTER TABLE users ALTER COLUMN age SET DEFAULT 18",
  "ALTER TABLE users ALTER COLUMN created DROP DEFAULT",
  "ALTER TABLE users ALTER COLUMN age SET STATISTICS 500",
  "ALTER TABLE users ALTER COLUMN age SET (n_distinct = 90)",
  "ALTER TABLE users ALTER COLUMN note SET STORAGE external",
  "ALTER TABLE users ALTER COLUMN note SET COMPRESSION pglz",
  "ALTER TABLE users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY",
  "ALTER TABLE users RENAME COLUMN note TO remark",
);

const constraints = every(
  "ALTER TABLE users ADD CONSTRAINT known CHECK (age < 200)",
  "ALTER TABLE users ADD CONSTRAINT known CHECK (age < 200) NOT VALID",
  "ALTER TABLE users VALIDATE CONSTRAINT adult",
  "ALTER TABLE users DROP CONSTRAINT adult",
  "ALTER TABLE users RENAME CONSTRAINT adult TO grown",
  "ALTER TABLE users ADD CONSTRAINT known UNIQUE (email)",
  "ALTER TABLE users ADD CONSTRAINT known UNIQUE USING INDEX users_email",
  "ALTER TABLE users ADD CONSTRAINT known UNIQUE (email) DEFERRABLE INITIALLY DEFERRED",
  "ALTER TABLE users ADD CONSTRAINT known EXCLUDE USING btree (email WITH =)",
  "ALTER TABLE logs_2 ADD PRIMARY KEY (id)",
  "ALTER TABLE base ADD PRIMARY KEY (id)",
  "ALTER TABLE orders ADD CONSTRAINT again FOREIGN KEY (user_id) REFERENCES users (id)",
  "ALTER TABLE orders ADD CONSTRAINT again FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID",
  "ALTER TABLE orders ADD CONSTRAINT again FOREIGN KEY (parent) REFERENCES orders (id)",
  "ALTER TABLE users ADD CONSTRAINT planned FOREIGN KEY (plan) REFERENCES shared.plans (id)",
  "ALTER TABLE users ADD CONSTRAINT planned FOREIGN KEY (plan) REFERENCES shared.plans (id) NOT VALID",
  "ALTER TABLE orders VALIDATE CONSTRAINT orders_parent_fk",
  "ALTER TABLE orders DROP CONSTRAINT orders_plan_fk",
  "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey",
  "ALTER TABLE orders ALTER CONSTRAINT orders_plan_fk DEFERRABLE",
  "ALTER TABLE users ADD CONSTRAINT one CHECK (age < 200) NOT VALID, ADD CONSTRAINT two CHECK (plan > 0)",
  "ALTER TABLE base ADD CONSTRAINT known CHECK (id > 0) NO INHERIT",
  "ALTER TABLE base ADD CONSTRAINT known CHECK (id > 0)",
  "ALTER TABLE logs ADD CONSTRAINT known CHECK (id > 0)",
);

const indexes = every(
  "CREATE INDEX made ON users (name)",
  "CREATE UNIQUE INDEX made ON users (id, name)",
  "CREATE INDEX made ON users (lower(email)) WHERE age > 18",
  "CREATE INDEX made ON users USING gin (data)",
  "CREATE INDEX made ON users USING hash (email)",
  "CREATE INDEX made ON users USING brin (created)",
  "CREATE INDEX IF NOT EXISTS users_age ON users (age)",
  "CREATE INDEX made ON logs (id)",
  "CREATE INDEX made ON ONLY logs (id)",
  "CREATE INDEX made ON logs_1 (id)",
  "CREATE INDEX made ON ages (n)",
  "DROP INDEX users_age",
  "DROP INDEX logs_day",
  "DROP INDEX users_age, orders_user",
  "DROP INDEX IF EXISTS missing",
  "ALTER INDEX users_age RENAME TO users_by_age",
  "ALTER INDEX users_age SET (fillfactor = 70)",
  "REINDEX INDEX users_age",
  "REINDEX TABLE users",
  "CLUSTER users USING users_age",
);

const tables = every(
  "CREATE TABLE made (id integer PRIMARY KEY)",
  "CREATE TABLE made (id integer PRIMARY KEY, user_id integer REFERENCES users (id))",
  "CREATE TABLE made (id integer PRIMARY KEY, plan integer REFERENCES shared.plans (id))",
  "CREATE TABLE made (LIKE users INCLUDING ALL)",
  "CREATE TABLE made () INHERITS (base)",
  "CREATE TABLE made AS SELECT id FROM users",
  "CREATE TABLE made PARTITION OF logs FOR VALUES FROM (1000) TO (2000)",
  "CREATE TABLE made PARTITION OF logs DEFAULT",
  "DROP TABLE cache",
  "DROP TABLE users CASCADE",
  "DROP TABLE orders CASCADE",
  "DROP TABLE logs",
  "DROP TABLE logs_1",
  "DROP TABLE base, child",
  "DROP TABLE IF EXISTS missing",
  "TRUNCATE cache",
  "TRUNCATE users CASCADE",
  "TRUNCATE logs",
  "ALTER TABLE users RENAME TO members",
  "ALTER TABLE users SET SCHEMA shared",
  "ALTER TABLE users SET (fillfactor = 70)",
  "ALTER TABLE users SET (autovacuum_enabled = false)",
  "ALTER TABLE cache SET LOGGED",
  "ALTER TABLE logs_2 SET UNLOGGED",
  "ALTER TABLE users CLUSTER ON users_age",
  "ALTER TABLE users REPLICA IDENTITY FULL",
  "ALTER TABLE users OWNER TO CURRENT_USER",
  "ALTER TABLE child NO INHERIT base",
  "ALTER TABLE logs_3 INHERIT logs_2",
  "ALTER TABLE logs ATTACH PARTITION logs_2 FOR VALUES FROM (2000) TO (3000)",
  "ALTER TABLE logs ATTACH PARTITION logs_3 FOR VALUES FROM (3000) TO (4000)",
  "ALTER TABLE logs DETACH PARTITION logs_1",
  "ALTER TABLE logs ADD COLUMN extra integer DEFAULT 1",
  "ALTER TABLE logs ALTER COLUMN id TYPE bigint",
  "ALTER TABLE base ADD COLUMN extra integer",
  "ALTER TABLE ONLY base ALTER COLUMN note SET DEFAULT 'x'",
  "LOCK TABLE users IN SHARE MODE",
  "LOCK TABLE users, orders IN EXCLUSIVE MODE",
  "LOCK TABLE users IN ROW SHARE MODE",
  "COMMENT ON TABLE users IS 'people'",
  "COMMENT ON COLUMN users.age IS 'in years'",
  "GRANT SELECT ON users TO CURRENT_USER",
  "ANALYZE users",
);

const others = every(
  "CREATE TRIGGER made BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch()",
  "CREATE CONSTRAINT TRIGGER made AFTER INSERT ON users DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch()",
  "DROP TRIGGER users_touch ON users",
  "ALTER TRIGGER users_touch ON users RENAME TO touched",
  "ALTER TABLE users DISABLE TRIGGER users_touch",
  "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE users FORCE ROW LEVEL SECURITY",
  "CREATE POLICY made ON users USING (true)",
  "ALTER POLICY own ON users USING (id > 1)",
  "DROP POLICY own ON users",
  "CREATE RULE made AS ON INSERT TO cache DO INSTEAD NOTHING",
  "DROP RULE no_delete ON cache",
  "CREATE STATISTICS made ON age, mood FROM users",
  "DROP STATISTICS users_stats",
  "CREATE VIEW made AS SELECT id FROM users",
  "CREATE OR REPLACE VIEW adults AS SELECT id, email, age FROM users",
  "DROP VIEW adults",
  "ALTER VIEW adults RENAME TO grown",
  "CREATE MATERIALIZED VIEW made AS SELECT id FROM users",
  "REFRESH MATERIALIZED VIEW ages",
  "REFRESH MATERIALIZED VIEW CONCURRENTLY ages",
  "DROP MATERIALIZED VIEW ages",
  "CREATE TYPE made AS ENUM ('a')",
  "ALTER TYPE mood ADD VALUE 'great'",
  "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
  "ALTER DOMAIN positive ADD CHECK (VALUE < 1000)",
  "CREATE SEQUENCE made OWNED BY users.id",
  "ALTER SEQUENCE counter RESTART",
  "INSERT INTO users (id, email, seen) VALUES (2000, 'new', now())",
  "UPDATE users SET age = age + 1",
  "DELETE FROM orders WHERE total > 500",
  "INSERT INTO cache SELECT id + 5000, email FROM users",
  "SELECT id FROM users WHERE id = 1 FOR UPDATE",
  "SELECT count(*) FROM orders",
  "DO $$ BEGIN ALTER TABLE users ALTER COLUMN age TYPE bigint; END $$",
  "DO $$ BEGIN EXECUTE 'CREATE INDEX made ON orders (total)'; END $$",
);

const newer = [
  ...since(17, "ALTER TABLE users ALTER COLUMN age SET STATISTICS DEFAULT"),
  ...since(
    18,
    "ALTER TABLE users ADD COLUMN extra integer GENERATED ALWAYS AS (age * 2) VIRTUAL",
    "ALTER TABLE users ADD CONSTRAINT known NOT NULL plan NOT VALID",
    "ALTER TABLE users ADD CONSTRAINT known CHECK (age < 200) NOT ENFORCED",
  ),
];

/** Statements that can run in a transaction. Each is tried by itself. */
export const lintStatements: readonly LintStatement[] = [
  ...columns,
  ...constraints,
  ...indexes,
  ...tables,
  ...others,
  ...newer,
];

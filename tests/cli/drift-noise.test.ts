import { expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { createFleet } from "../support/small-fleet.ts";

const tenants = ["a", "b", "c", "d", "e"];

const migrations = {
  "0000_users": `CREATE EXTENSION IF NOT EXISTS "citext";
--> statement-breakpoint
CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" citext UNIQUE, "name" text);`,
  "0001_events": `CREATE TABLE "events" ("id" bigint GENERATED ALWAYS AS IDENTITY, "at" timestamptz NOT NULL,
  "user_id" integer REFERENCES "users" ("id"), "kind" text DEFAULT 'none', PRIMARY KEY ("id", "at")) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE INDEX "events_user" ON "events" ("user_id", "at");
--> statement-breakpoint
CREATE FUNCTION "stamp"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
--> statement-breakpoint
CREATE TRIGGER "stamped" BEFORE INSERT ON "events" FOR EACH ROW EXECUTE FUNCTION "stamp"();
--> statement-breakpoint
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY "own" ON "events" USING ("user_id" = nullif(current_setting('app.user_id', true), '')::integer);`,
};

/** Creates partitions as pg_partman does: made like the parent, then attached. */
const maintenance = `CREATE SCHEMA maintenance;
CREATE PROCEDURE maintenance.add_month(tenant text, month date) LANGUAGE plpgsql AS $$
DECLARE name text := format('events_p%s', to_char(month, 'YYYY_MM'));
BEGIN
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.events INCLUDING DEFAULTS INCLUDING COMMENTS INCLUDING STORAGE INCLUDING STATISTICS)', tenant, name, tenant);
  EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', tenant, name);
  EXECUTE format('ALTER TABLE %I.%I SET (autovacuum_vacuum_scale_factor = 0.02)', tenant, name);
  EXECUTE format('ALTER TABLE %I.events ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', tenant, tenant, name, month, month + interval '1 month');
END $$`;

/** Gives each tenant a number of months of its own, and what operation adds to a database. */
async function operate(database: TestDatabase): Promise<void> {
  await database.query(maintenance);
  for (const [index, tenant] of tenants.entries()) {
    const schema = `app_${tenant}`;
    for (let month = 1; month <= 2 + index; month += 1)
      await database.query(`CALL maintenance.add_month('${schema}', '2026-0${month}-01')`);
    await database.query(
      `CREATE TABLE ${schema}.events_default PARTITION OF ${schema}.events DEFAULT`,
    );
    await database.query(`ALTER TABLE ${schema}.events_default ENABLE ROW LEVEL SECURITY`);
    await database.query(
      `CREATE PUBLICATION sync_${tenant} FOR TABLE ${schema}.users (id, name) WHERE (id > ${index})`,
    );
    await database.query(
      `INSERT INTO ${schema}.users VALUES (1, 'A@b.c'); INSERT INTO ${schema}.events (at) VALUES ('2026-01-05')`,
    );
    await database.query(`VACUUM ANALYZE ${schema}.users; `);
  }
  const all = tenants.map((tenant) => `app_${tenant}`).join(", ");
  await database.query(`CREATE PUBLICATION everything FOR ALL TABLES`);
  await database.query(`CREATE PUBLICATION schemas FOR TABLES IN SCHEMA ${all}`);
  await database.query(
    `CREATE EXTENSION hstore SCHEMA app_a; CREATE EXTENSION pg_trgm SCHEMA extensions; CREATE EXTENSION pgcrypto`,
  );
  await database.query(
    `CREATE EXTENSION dict_int SCHEMA app_b; CREATE EXTENSION cube SCHEMA app_c`,
  );
}

/** Objects that no migration created, the same in all tenants. */
const helpers = (schema: string) => `SET search_path = ${schema}, extensions;
CREATE TABLE import_staging (id bigserial PRIMARY KEY, line text NOT NULL, CHECK (line <> ''));
CREATE INDEX import_staging_line ON import_staging USING gin (line gin_trgm_ops);
CREATE FUNCTION rows_of(name text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT reltuples::bigint FROM pg_class WHERE relname = name';
CREATE VIEW user_names AS SELECT id, name FROM users;
GRANT SELECT ON users, user_names TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO pg_monitor`;

/** Extensions in tenant schemas are named. */
const notCompared =
  "Not compared: 3 extensions (hstore, dict_int, cube) of 3 targets: app/a, app/b, app/c";

const services = {
  app: {
    schema: "./schema",
    out: "./drizzle/app",
    database: "main",
    tenantSchema: "app_{tenant}",
    extensionSchema: "extensions",
  },
};

test("the first run on a fleet with partitions, extensions and publications of its own reports nothing", async () => {
  const proof = await createDatabase();
  const settings = { services, proofDatabase: proof.url };
  const { database, project } = await createFleet({ tenants, migrations, settings });
  await runCli(project, ["migrate"]);
  await operate(database);
  for (const options of [[], ["--full"], ["--against", "majority"]])
    expect(await runCli(project, ["drift", ...options])).toMatchObject({
      code: 0,
      stdout: `${notCompared}\n\nNo drift: 5 targets as expected.\n`,
    });

  // Objects made by hand are one shape, with a line for each of them.
  for (const tenant of tenants) await database.query(helpers(`app_${tenant}`));
  const run = await runCli(project, ["drift"]);
  expect(run).toMatchObject({ code: 4 });
  expect(
    withoutRepair(run.stdout),
  ).toBe(`x 5 targets of app at 0001_events: app/a, app/b, app/c, app/d, app/e
  function rows_of(name text) is not expected (dangerous)
     bigint
  table import_staging is not expected (dangerous)
  view user_names is not expected (dangerous)
     SELECT id, name FROM users;

${notCompared}

Drift: 5 of 5 targets, in 1 shape; 0 as expected.`);
  expect((await runCli(project, ["drift", "--against", "majority"])).code).toBe(0);

  // What one tenant's partition has of its own is found among all that.
  await database.query(`ALTER TABLE app_d.events_p2026_02 DISABLE ROW LEVEL SECURITY`);
  const found = await runCli(project, ["drift", "--against", "majority"]);
  expect(found).toMatchObject({ code: 4 });
  expect(withoutRepair(found.stdout)).toBe(`x 1 target of app at 0001_events: app/d
  table events_p2026_02: row level security differs (dangerous)
     expected: true
     found:    false

${notCompared}

Drift: 1 of 5 targets, in 1 shape; 4 as expected.`);
  // A repair is proved on a copy of the tenant, which needs the extensions of its objects.
  await proof.query(
    `CREATE SCHEMA IF NOT EXISTS extensions; CREATE EXTENSION pg_trgm SCHEMA extensions`,
  );
  const fixed = await runCli(project, ["drift", "--fix", "--yes", "--against", "majority"]);
  expect(fixed, fixed.stdout + fixed.stderr).toMatchObject({ code: 0 });
  expect((await runCli(project, ["drift", "--against", "majority"])).code).toBe(0);
});

/** What `drift` found, without the SQL that it proposes. */
function withoutRepair(output: string): string {
  return output
    .replace(/^ {2}SQL of the repair.*\n(?: {5}.*\n)+/m, "")
    .replace(/^To try .*\n/m, "")
    .trim();
}

import { describe, expect, test } from "vitest";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { catalogOf } from "../support/catalog.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";

/** A history that is long enough for a baseline, with rows, times, renames and hand-written SQL. */
function longHistory(more: Files = {}): Files {
  const steps = Array.from({ length: 20 }, (_, index) => [
    `${String(index + 4).padStart(4, "0")}_column`,
    `ALTER TABLE notes ADD COLUMN c${index} integer DEFAULT ${index};\nUPDATE notes SET c${index} = c${index} + 1;`,
  ]);
  return {
    "0000_init":
      "CREATE TABLE notes (id serial PRIMARY KEY, text text NOT NULL, made timestamptz NOT NULL DEFAULT now());",
    "0001_rows": "INSERT INTO notes (text) VALUES ('it''s'), (E'two\\nlines'), ('{tenant}');",
    "0002_touch": `CREATE FUNCTION "public"."touch"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM count(*) FROM "public"."notes"; RETURN new; END $$;
      CREATE TRIGGER touch BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION "public"."touch"();`,
    "0003_view": "CREATE VIEW long_notes AS SELECT * FROM notes WHERE length(text) > 3;",
    ...Object.fromEntries(steps),
    ...more,
  };
}

async function registryFleet(migrations: Files) {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", migrations));
  const notes: string[] = [];
  const { tenants: _, ...fleet } = appFleet(database.url, []);
  const context: Context = {
    ...contextFor(root, fleet),
    notify: (line) => void notes.push(line),
  };
  return { database, root, context, notes };
}

const appliedBy = async (database: TestDatabase, tenant: string) =>
  database.query<{ by: string; migrations: number }>(
    `SELECT split_part(applied_by, ' as ', 1) AS by, count(*)::int AS migrations
     FROM "app_${tenant}".__fleet_ledger WHERE applied = statements GROUP BY 1`,
  );

const ledgerOf = (database: TestDatabase, tenant: string) =>
  database.query(
    `SELECT tag, checksum, statements, applied, applied_checksum, begun FROM "app_${tenant}".__fleet_ledger ORDER BY tag`,
  );

describe("a new tenant", () => {
  test("is created from the baseline, and equals one whose history was replayed", async () => {
    const { database, root, context, notes } = await registryFleet(longHistory());
    // Left behind by a process that was killed while it made a baseline.
    await database.query("CREATE SCHEMA fleet_baseline_0123456789abcdef CREATE TABLE t (id int)");
    await addTenant(context, { tenant: "first" });
    expect(notes).toEqual([]);
    await addTenant(context, { tenant: "Zweite-größe" });
    const [by] = await appliedBy(database, "Zweite-größe");
    expect(by).toMatchObject({ migrations: 24, by: expect.stringContaining("from the baseline") });
    expect(await ledgerOf(database, "Zweite-größe")).toEqual(await ledgerOf(database, "first"));
    expect(await catalogOf(database, "app_Zweite-größe")).toEqual(
      await catalogOf(database, "app_first"),
    );
    const rows = (schema: string) =>
      database.query(
        `SELECT id, text, made > now() - interval '1 hour' AS fresh, c0, c19, nextval('"${schema}".notes_id_seq') AS next FROM "${schema}".notes ORDER BY id`,
      );
    expect(await rows("app_Zweite-größe")).toEqual(await rows("app_first"));
    // The trigger's function works in its own tenant schema.
    await database.query('UPDATE "app_Zweite-größe".notes SET c0 = 7');

    await writeFiles(root, history("drizzle/app", longHistory({ "0024_more": "SELECT 1;" })));
    expect(byTenant(await migrateAll(context))).toEqual({
      first: "succeeded 0024_more",
      "Zweite-größe": "succeeded 0024_more",
    });
    await addTenant(context, { tenant: "third" });
    const [replayed] = await appliedBy(database, "third");
    expect(replayed?.by).not.toContain("baseline");
    await addTenant(context, { tenant: "fourth" });
    const [again] = await appliedBy(database, "fourth");
    expect(again).toMatchObject({ migrations: 25, by: expect.stringContaining("baseline") });
    const left = await database.query(
      "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fleet\\_%'",
    );
    expect(left).toEqual([]);
  });

  test("is created from a baseline that an earlier version stored on PostgreSQL 15.20", async () => {
    const { database, context } = await registryFleet(longHistory());
    await addTenant(context, { tenant: "first" });
    const added = `[["ALTER TABLE ONLY ", ".notes ALTER COLUMN \\"id\\" SET (pg_attver='22549192'), ALTER COLUMN \\"text\\" SET (pg_attver='22549192', n_distinct='-0.5')"]]`;
    await database.query(
      "UPDATE drizzle_fleet.baselines SET content = jsonb_set(content, '{statements}', content -> 'statements' || $1::jsonb)",
      [added],
    );
    await addTenant(context, { tenant: "second" });
    const [by] = await appliedBy(database, "second");
    expect(by).toMatchObject({ migrations: 24, by: expect.stringContaining("from the baseline") });
    const options = await database.query(
      `SELECT attname AS name, attoptions AS options FROM pg_attribute
       WHERE attrelid = 'app_second.notes'::regclass AND attoptions::text ~ 'n_distinct|22549192'`,
    );
    expect(options).toMatchObject([
      { name: "text", options: expect.arrayContaining(["n_distinct=-0.5"]) },
    ]);
    expect(JSON.stringify(options)).not.toContain("22549192");
  });

  test("replays the history if two replays differ in values without a default", async () => {
    const { database, context, notes } = await registryFleet(
      longHistory({ "0024_random": "UPDATE notes SET text = gen_random_uuid()::text;" }),
    );
    await addTenant(context, { tenant: "first" });
    expect(notes).toEqual([
      "app: new tenants apply every migration instead of a baseline, because two replays leave different rows in notes",
    ]);
    await addTenant(context, { tenant: "second" });
    const [by] = await appliedBy(database, "second");
    expect(by).toMatchObject({ migrations: 25, by: expect.not.stringContaining("baseline") });
    expect(await catalogOf(database, "app_second")).toEqual(await catalogOf(database, "app_first"));
  });

  test("replays the history if a migration fails in a scratch schema", async () => {
    const { database, context, notes } = await registryFleet(
      longHistory({
        "0024_picky":
          "DO $$ BEGIN IF current_schema() NOT LIKE 'app%' THEN RAISE EXCEPTION 'unknown tenant'; END IF; END $$;",
      }),
    );
    await addTenant(context, { tenant: "first" });
    expect(notes).toEqual([
      "app: new tenants apply every migration instead of a baseline, because 0024_picky fails in a scratch schema: unknown tenant (SQLSTATE P0001)",
    ]);
    await addTenant(context, { tenant: "second" });
    const [by] = await appliedBy(database, "second");
    expect(by).toMatchObject({ migrations: 25, by: expect.not.stringContaining("baseline") });
    expect(
      await database.query("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'fleet_baseline%'"),
    ).toEqual([]);
  });
});

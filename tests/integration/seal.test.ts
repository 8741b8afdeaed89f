import { describe, expect, test } from "vitest";
import { status } from "../../src/operations/status.ts";
import { createRole, type TestDatabase } from "../support/database.ts";
import { byTenant, history, migrateAll, writeFiles } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const migrations = {
  "0000_people": `CREATE TABLE "people" ("id" integer PRIMARY KEY);`,
  "0001_name": `ALTER TABLE "people" ADD COLUMN "name" text;`,
};
const entry = `'x', 1, 1, 'x', false, now(), 0, 'me'`;

/** A fleet whose tenants a and b are at head. */
async function fleetAtHead() {
  const fleet = await createFleet({ tenants: ["a", "b"], migrations, pending: migrations });
  return { ...fleet, pendingOf: () => pendingOf(fleet.context) };
}

/** The number of pending migrations and the problems of each tenant, as `status` sees them. */
async function pendingOf(context: Parameters<typeof migrateAll>[0]) {
  const all = { services: [], tenants: [], databases: [] };
  const targets = await status(context, all);
  return Object.fromEntries(
    targets.map(({ target, pending, problems }) => [
      target.tenant,
      [pending, ...problems.map(({ kind }) => kind)].join(" "),
    ]),
  );
}

async function sealOf(database: TestDatabase, schema = "app_a"): Promise<string | null> {
  const [row] = await database.query<{ seal: string | null }>(
    `SELECT obj_description(oid, 'pg_trigger') AS seal FROM pg_trigger
     WHERE tgrelid = '${schema}.__fleet_ledger'::regclass AND tgname = '__fleet_ledger_edited'`,
  );
  return row?.seal ?? null;
}

async function unseal(database: TestDatabase): Promise<void> {
  await database.query("COMMENT ON TRIGGER __fleet_ledger_edited ON app_a.__fleet_ledger IS NULL");
}

describe("a sealed ledger", () => {
  test("is not opened to find out that there is nothing to do", async () => {
    const { database, context, pendingOf } = await fleetAtHead();
    expect(await sealOf(database)).toMatch(/^[0-9a-f]{64}$/);
    expect(await sealOf(database)).toBe(await sealOf(database, "app_b"));
    const blocker = await database.connect();
    await blocker.query("BEGIN; LOCK TABLE app_a.__fleet_ledger, app_b.__fleet_ledger");
    expect(await pendingOf()).toEqual({ a: "0", b: "0" });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped", b: "skipped" });
    await blocker.query("ROLLBACK");
  });

  test.each([
    ["UPDATE app_a.__fleet_ledger SET checksum = 'x' WHERE tag = '0001_name'", "0 edited"],
    ["DELETE FROM app_a.__fleet_ledger WHERE tag = '0001_name'", "1"],
    [`INSERT INTO app_a.__fleet_ledger VALUES ('0002_x', ${entry})`, "0 unknown"],
    ["TRUNCATE app_a.__fleet_ledger", "2 unmanaged"],
    [
      "SET session_replication_role = replica; DELETE FROM app_a.__fleet_ledger WHERE tag = '0001_name'",
      "1",
    ],
  ])("is read again after an edit by hand: %s", async (sql, seen) => {
    const { database, context, pendingOf } = await fleetAtHead();
    const person = await database.connect();
    await person.query(sql);
    expect(await sealOf(database)).toBeNull();
    expect(await pendingOf()).toEqual({ a: seen, b: "0" });
    // migrate seals it as it is, so that the edit is still noticed.
    const { outcomes } = await migrateAll(context, { tenants: ["a"] });
    expect(outcomes.map(({ status: one }) => one)).toEqual(["failed"]);
    expect(await sealOf(database)).toMatch(/^[0-9a-f]{64}$/);
    expect(await pendingOf()).toEqual({ a: seen, b: "0" });
  });

  test.each([
    "ALTER TABLE app_a.__fleet_ledger DISABLE TRIGGER USER",
    // What pg_restore --disable-triggers leaves: they fire again, but not in every replication role.
    "ALTER TABLE app_a.__fleet_ledger DISABLE TRIGGER ALL; ALTER TABLE app_a.__fleet_ledger ENABLE TRIGGER ALL; SET session_replication_role = replica",
    "DROP TRIGGER __fleet_ledger_edited ON app_a.__fleet_ledger",
    "DROP TRIGGER __fleet_ledger_truncated ON app_a.__fleet_ledger; DROP TRIGGER __fleet_ledger_edited ON app_a.__fleet_ledger",
  ])("does not count without its triggers: %s", async (sql) => {
    const { database, pendingOf } = await fleetAtHead();
    const person = await database.connect();
    await person.query(sql);
    await person.query("DELETE FROM app_a.__fleet_ledger WHERE tag = '0001_name'");
    expect(await pendingOf()).toEqual({ a: "1", b: "0" });
  });

  test.each([
    "CREATE RULE nothing AS ON INSERT TO app_a.__fleet_ledger DO INSTEAD NOTHING",
    "CREATE TRIGGER swallow BEFORE INSERT ON app_a.__fleet_ledger FOR EACH ROW EXECUTE FUNCTION swallow()",
  ])("does not count if an entry may not be written: %s", async (sql) => {
    const { database, project, context } = await fleetAtHead();
    await database.query(
      "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    );
    await database.query(sql);
    const more = { ...migrations, "0002_age": `ALTER TABLE "people" ADD COLUMN "age" integer;` };
    await writeFiles(project, history("drizzle/app", more));
    const { outcomes } = await migrateAll(context);
    expect(byTenant({ outcomes })).toEqual({ a: "failed", b: "succeeded 0002_age" });
    expect(outcomes[0]?.failure?.message).toContain("changed the ledger");
  });

  test("is sealed on first contact if it comes from an earlier version", async () => {
    const { database, context } = await fleetAtHead();
    const seal = await sealOf(database);
    await database.query(
      `DROP TRIGGER __fleet_ledger_edited ON app_a.__fleet_ledger;
       DROP TRIGGER __fleet_ledger_truncated ON app_a.__fleet_ledger`,
    );
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped", b: "skipped" });
    expect(await sealOf(database)).toBe(seal);
  });

  test("is left alone while another session uses it, and sealed later", async () => {
    const { database, context } = await fleetAtHead();
    await unseal(database);
    const person = await database.connect();
    await person.query("BEGIN; LOCK TABLE app_a.__fleet_ledger IN ROW EXCLUSIVE MODE");
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped", b: "skipped" });
    expect(await sealOf(database)).toBeNull();
    await person.query("ROLLBACK");
    await migrateAll(context);
    expect(await sealOf(database)).not.toBeNull();
  });

  test("is not sealed with an edit that was open while a step ran", async () => {
    const { database, project, context, pendingOf } = await fleetAtHead();
    const more = { ...migrations, "0002_age": `ALTER TABLE "people" ADD COLUMN "age" integer;` };
    await writeFiles(project, history("drizzle/app", more));
    const person = await database.connect();
    await person.query("BEGIN; DELETE FROM app_a.__fleet_ledger WHERE tag = '0001_name'");
    const running = migrateAll(context, { tenants: ["a"] });
    const waits = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    while ((await database.query(waits)).length === 0);
    await person.query("COMMIT");
    // The deleted entry is pending again, and its column exists.
    expect(byTenant(await running)).toEqual({ a: "failed" });
    expect(await pendingOf()).toEqual({ a: "2", b: "1" });
  });

  test("is not sealed by what another ledger of the same name left", async () => {
    const { database, context, pendingOf } = await fleetAtHead();
    await database.query("DROP TABLE app_a.__fleet_ledger, app_a.people");
    expect(await pendingOf()).toEqual({ a: "2", b: "0" });
    expect(byTenant(await migrateAll(context))).toEqual({
      a: "succeeded 0000_people,0001_name",
      b: "skipped",
    });
    expect(await sealOf(database)).toBe(await sealOf(database, "app_b"));
  });

  test.each([
    "CREATE OR REPLACE TRIGGER __fleet_ledger_edited AFTER INSERT ON app_a.__fleet_ledger FOR EACH ROW WHEN (true) EXECUTE FUNCTION app_a.FN(); ALTER TABLE app_a.__fleet_ledger ENABLE ALWAYS TRIGGER __fleet_ledger_edited",
    "CREATE OR REPLACE FUNCTION app_a.FN() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
  ])("does not count if its triggers do something else: %s", async (sql) => {
    const { database, pendingOf } = await fleetAtHead();
    const [row] = await database.query<{ name: string }>(
      "SELECT proname AS name FROM pg_proc WHERE pronamespace = 'app_a'::regnamespace",
    );
    await database.query(sql.replaceAll("FN", row?.name ?? ""));
    await database.query("DELETE FROM app_a.__fleet_ledger WHERE tag = '0001_name'");
    expect(await pendingOf()).toEqual({ a: "1", b: "0" });
  });

  test("is sealed again after its schema was renamed by hand", async () => {
    const { database, context } = await fleetAtHead();
    const seal = await sealOf(database);
    await database.query("DROP SCHEMA app_b CASCADE; ALTER SCHEMA app_a RENAME TO app_b");
    expect(byTenant(await migrateAll(context, { tenants: ["b"] }))).toEqual({ b: "skipped" });
    // One function is left, that of the new name.
    expect(await sealOf(database, "app_b")).toBe(seal);
    await database.query("DELETE FROM app_b.__fleet_ledger");
    expect(await sealOf(database, "app_b")).toBeNull();
  });

  test("may be written by a role that does not own it: that breaks the seal", async () => {
    const { database, pendingOf } = await fleetAtHead();
    const { role } = await createRole(database, { mayCreate: false });
    await database.query(
      `GRANT USAGE ON SCHEMA app_a TO ${role}; GRANT ALL ON app_a.__fleet_ledger TO ${role}`,
    );
    const other = await database.connect();
    await other.query(`SET ROLE ${role}; DELETE FROM app_a.__fleet_ledger WHERE tag = '0001_name'`);
    expect(await sealOf(database)).toBeNull();
    expect(await pendingOf()).toEqual({ a: "1", b: "0" });
  });
});

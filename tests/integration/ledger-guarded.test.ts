import pg from "pg";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { loadParser } from "../../src/sql/parser.ts";
import { createDatabase, createRole } from "../support/database.ts";
import { appFleet, contextFor, createFolder, history, migrateAll } from "../support/fleet.ts";

const first = "CREATE TABLE users (id int PRIMARY KEY, name text);";

/** A fleet whose second migration was accepted by a reviewer who overlooked that it changes the ledger. */
async function fleetWith(body: string) {
  const database = await createDatabase();
  const root = await createFolder(
    history("drizzle/app", {
      "0000_first": first,
      "0001_second": `INSERT INTO users SELECT count(*), 'again' FROM users;\nDO $x$ DECLARE l text := '__fleet' || '_ledger'; BEGIN ${body} END $x$;`,
    }),
  );
  const fleet = appFleet(database.url, ["a"]);
  const app = { ...fleet.services.app, acceptUnproved: ["0001_second"] };
  return { database, context: contextFor(root, { ...fleet, services: { app } } as typeof fleet) };
}

const swallow = `EXECUTE format('CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''');`;

const attacks: Readonly<Record<string, string>> = {
  "takes away an entry": "EXECUTE format('DELETE FROM %I', l);",
  "adds an entry":
    "EXECUTE format('INSERT INTO %I SELECT ''0002_third'', checksum, statements, applied, applied_checksum, begun, applied_at, duration_ms, applied_by FROM %I', l, l);",
  "changes a checksum": "EXECUTE format('UPDATE %I SET checksum = ''x''', l);",
  "drops the ledger and makes it anew":
    "EXECUTE format('CREATE TABLE kept (LIKE %I INCLUDING ALL)', l); EXECUTE format('DROP TABLE %I', l); EXECUTE format('ALTER TABLE kept RENAME TO %I', l);",
  "has a trigger swallow its entry": `${swallow} EXECUTE format('CREATE TRIGGER t BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION swallow()', l);`,
  "has a trigger take it away when it is committed": `EXECUTE format('CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN DELETE FROM %I.%I; RETURN NULL; END''', current_schema(), l);
     EXECUTE format('CREATE CONSTRAINT TRIGGER t AFTER INSERT ON %I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION later()', l);`,
  "has a rule in its way":
    "EXECUTE format('CREATE RULE r AS ON INSERT TO %I DO INSTEAD NOTHING', l);",
};

describe("a migration that changes its own ledger fails and changes nothing if it", () => {
  beforeAll(loadParser);

  test.each(Object.entries(attacks))("%s", async (_name, body) => {
    const { database, context } = await fleetWith(body);
    const { outcomes } = await migrateAll(context);
    const [outcome] = outcomes;
    expect(outcome?.failure?.message).toContain("changed the ledger");
    expect(outcome?.applied).toEqual(["0000_first"]);
    expect(await database.query("SELECT count(*)::int AS n FROM app_a.users")).toEqual([{ n: 0 }]);
    expect(await database.query("SELECT tag FROM app_a.__fleet_ledger")).toEqual([
      { tag: "0000_first" },
    ]);
  });

  test("grants on all tables do not include the ledger", async () => {
    const database = await createDatabase();
    const { role, url } = await createRole(database, { mayCreate: false });
    const root = await createFolder(
      history("drizzle/app", {
        "0000_first": first,
        "0001_grants": `GRANT USAGE ON SCHEMA public TO ${role};\nGRANT ALL ON ALL TABLES IN SCHEMA public TO ${role} WITH GRANT OPTION;`,
      }),
    );
    const { outcomes } = await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    expect(outcomes.map(({ status }) => status)).toEqual(["succeeded"]);
    const other = new pg.Client(url);
    await other.connect();
    onTestFinished(() => other.end());
    expect((await other.query("SELECT count(*)::int AS n FROM app_a.__fleet_ledger")).rows).toEqual(
      [{ n: 2 }],
    );
    await other.query("INSERT INTO app_a.users VALUES (1, 'x')");
    for (const sql of [
      "DELETE FROM app_a.__fleet_ledger",
      "UPDATE app_a.__fleet_ledger SET checksum = 'x'",
      "TRUNCATE app_a.__fleet_ledger",
      "INSERT INTO app_a.__fleet_ledger (tag) VALUES ('x')",
    ])
      await expect(other.query(sql)).rejects.toThrow("permission denied for table __fleet_ledger");
  });

  test("a trigger that was added to the ledger by hand is found, whatever the migration does", async () => {
    const { database, context } = await fleetWith("");
    await migrateAll(context, { to: "0000_first" });
    await database.query(`CREATE FUNCTION app_a.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER t BEFORE INSERT ON app_a.__fleet_ledger FOR EACH ROW EXECUTE FUNCTION app_a.swallow()`);
    const { outcomes } = await migrateAll(context);
    expect(outcomes[0]?.failure?.message).toContain("changed the ledger");
    expect(await database.query("SELECT count(*)::int AS n FROM app_a.users")).toEqual([{ n: 0 }]);
  });
});

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { adoptTenant } from "../../src/operations/adopt-tenant.ts";
import { archiveTenant } from "../../src/operations/archive-tenant.ts";
import { cloneTenant } from "../../src/operations/clone-tenant.ts";
import { exportTenant } from "../../src/operations/export-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { listTenants } from "../../src/operations/list-tenants.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { renameTenant } from "../../src/operations/rename-tenant.ts";
import { lockKey } from "../../src/postgres/lock.ts";
import { createFolder, history, migrateAll, writeFiles } from "../support/fleet.ts";
import { later } from "../support/later.ts";
import { crossing, rowsOf, structureOf } from "../support/schema-copy.ts";
import {
  addHard,
  addRows,
  app,
  both,
  contentsOf,
  createFleet,
  ledgerOf,
  mayEnter,
  only,
  tenantStatuses,
} from "../support/two-services.ts";

describe("a clone", () => {
  test("equals its original and does not refer to it", async () => {
    const fleet = await createFleet();
    await addHard(fleet, "acme");
    const before = await contentsOf(fleet, "acme");
    await cloneTenant(fleet.context, {
      ...{ tenant: "acme", to: "Staging-ü" },
      attributes: { stage: "yes" },
    });
    const { main, role, context } = fleet;
    const list = await listTenants(context, { statuses: [], attributes: {} });
    expect(list.tenants.map(({ id, status, attributes }) => [id, status, attributes])).toEqual([
      ["Staging-ü", "active", { plan: "gold", stage: "yes" }],
      ["acme", "active", { plan: "gold" }],
    ]);
    const after = await contentsOf(fleet, "acme");
    expect(after).toEqual(before);
    expect(await structureOf(main, "app_Staging-ü")).toEqual(before.app);
    expect(await rowsOf(fleet.session, "app_Staging-ü")).toEqual(before.rows);
    expect(await ledgerOf(main, '"app_Staging-ü"')).toEqual(before.ledger);
    expect(await rowsOf(fleet.secondSession, "log_Staging-ü")).toEqual(before.logRows);
    expect(await crossing(main, "app_Staging-ü", "app_acme")).toEqual([]);
    expect(await mayEnter(main, role, "app_Staging-ü")).toBe(true);
  });

  test("with empty tables accepts the next migration, and its sequences start at 1", async () => {
    const fleet = await createFleet();
    const { context, main, root } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    await cloneTenant(context, { tenant: "acme", to: "empty", withData: false });
    await writeFiles(
      root,
      history("drizzle/app", { ...app, "0001_more": "ALTER TABLE notes ADD COLUMN more text;" }),
    );
    const { outcomes } = await migrateAll(context);
    expect(
      outcomes.filter(({ applied }) => applied.length > 0).map(({ target }) => target.schema),
    ).toEqual(["app_acme", "app_empty"]);
    expect(
      await main.query(
        `INSERT INTO app_empty.notes (text) VALUES ('first') RETURNING id, app_empty.count_notes() AS count`,
      ),
    ).toEqual([{ id: 1, count: "1" }]);
  });

  test("is a copy as of one moment, even if others write meanwhile", async () => {
    const fleet = await createFleet();
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await main.query(
      `CREATE TABLE app_acme.accounts (id int PRIMARY KEY, amount int NOT NULL);
       CREATE TABLE app_acme.bookings (id serial PRIMARY KEY, account int NOT NULL REFERENCES app_acme.accounts, amount int NOT NULL);
       INSERT INTO app_acme.accounts SELECT n, 0 FROM generate_series(1, 2000) n`,
    );
    const writer = await main.connect();
    let writing = true;
    const written = (async () => {
      let count = 0;
      for (; writing; count += 1)
        await writer.query(
          `BEGIN; INSERT INTO app_acme.bookings (account, amount) SELECT n, 1 FROM generate_series(1, 20) n;
           UPDATE app_acme.accounts SET amount = amount + 1 WHERE id <= 20; COMMIT`,
        );
      return count;
    })();
    for (const to of ["one", "two", "three"]) {
      await cloneTenant(context, { tenant: "acme", to });
      const [sums] = await main.query<{ accounts: string; bookings: string; next: string }>(
        `SELECT (SELECT sum(amount) FROM app_${to}.accounts) AS accounts, (SELECT count(*) FROM app_${to}.bookings) AS bookings,
           nextval('app_${to}.bookings_id_seq') > coalesce((SELECT max(id) FROM app_${to}.bookings), 0) AS next`,
      );
      expect(sums?.bookings).toEqual(sums?.accounts);
      expect(sums?.next).toBe(true);
    }
    writing = false;
    expect(await written).toBeGreaterThan(3);
  });

  test("that fails leaves nothing, and an interrupted one starts again", async () => {
    const fleet = await createFleet();
    const { context, main, second } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    const other = await second.connect();
    await other.query(`SELECT pg_advisory_lock(${lockKey("log_acme")})`);
    await expect(cloneTenant(context, { tenant: "acme", to: "copy" })).rejects.toThrow(
      "another runner is working on log_acme",
    );
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
    await other.query("SELECT pg_advisory_unlock_all()");

    // As if the process had been killed between two services.
    await cloneTenant(context, { tenant: "acme", to: "copy" });
    await main.query("UPDATE drizzle_fleet.tenants SET status = 'copying' WHERE id = 'copy'");
    await second.query("DROP SCHEMA log_copy CASCADE");
    await main.query("INSERT INTO app_copy.notes (text) VALUES ('of the first attempt')");
    await expect(addTenant(context, { tenant: "copy" })).rejects.toThrow(
      "tenant copy is still being copied",
    );
    await cloneTenant(context, { tenant: "acme", to: "copy" });
    expect(await tenantStatuses(fleet)).toEqual(both("acme", "copy"));
    expect((await contentsOf(fleet, "copy")).rows).toEqual((await contentsOf(fleet, "acme")).rows);
  });

  test("needs an existing tenant and an unused id", async () => {
    const fleet = await createFleet();
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await main.query("CREATE SCHEMA app_taken");
    const refused = async (tenant: string, to: string) =>
      cloneTenant(context, { tenant, to }).then(
        () => "done",
        (error: Error) => error.message,
      );
    expect(await refused("nobody", "copy")).toBe("tenant nobody does not exist");
    expect(await refused("acme", "acme")).toBe("both tenant ids are acme");
    expect(await refused("acme", "taken")).toMatch("app_taken already exist");
    await addTenant(context, { tenant: "beta" });
    expect(await refused("acme", "beta")).toBe("tenant beta already exists, with status active");
    await archiveTenant(context, { tenant: "acme" });
    expect(await refused("acme", "copy")).toBe("done");
  });
});

describe("a rename", () => {
  test("also finds a name that was written without quotes", async () => {
    const fleet = await createFleet();
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    await main.query(
      `CREATE FUNCTION app_acme.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM App_Acme.notes'`,
    );
    await cloneTenant(context, { tenant: "acme", to: "copy" });
    await main.query("DELETE FROM app_copy.notes");
    expect(await main.query("SELECT app_copy.f()::int AS n")).toEqual([{ n: 0 }]);
    await renameTenant(context, { tenant: "acme", to: "beta" });
    await addTenant(context, { tenant: "acme" });
    expect(await main.query("SELECT app_beta.f()::int AS n")).toEqual([{ n: 50 }]);
  });

  test("includes schemas, bodies of functions and the access of the application", async () => {
    const fleet = await createFleet();
    const { context, main, role } = fleet;
    await addTenant(context, { tenant: "acme", attributes: { plan: "gold" } });
    await addRows(fleet, "acme");
    await main.query(
      `CREATE PROCEDURE app_acme.pay() LANGUAGE sql SET search_path = app_acme, pg_temp AS 'SELECT count(*) FROM "app_acme".notes';
       COMMENT ON TABLE app_acme.notes IS 'see "app_acme".notes'; GRANT EXECUTE ON PROCEDURE app_acme.pay TO ${role}`,
    );
    const before = await contentsOf(fleet, "acme");
    await renameTenant(context, { tenant: "acme", to: "Ac-me" });
    expect(await tenantStatuses(fleet)).toEqual(["Ac-me active", "app_Ac-me", "log_Ac-me"]);
    expect(await structureOf(main, "app_Ac-me")).toEqual(before.app);
    expect(await rowsOf(fleet.session, "app_Ac-me")).toEqual(before.rows);
    await main.query(`CALL "app_Ac-me".pay()`);
    expect(await main.query(`SELECT "app_Ac-me".count_notes() AS count`)).toEqual([
      { count: "50" },
    ]);
    const [left] = await main.query<{ left: string }>(
      `SELECT count(*) AS left FROM pg_proc WHERE pronamespace = '"app_Ac-me"'::regnamespace AND (prosrc ~ 'app_acme' OR proconfig::text ~ 'app_acme')`,
    );
    expect(left).toEqual({ left: "0" });
    expect(await mayEnter(main, role, "app_Ac-me")).toBe(true);
    expect(
      await main.query(`SELECT has_function_privilege($1, '"app_Ac-me".pay()', 'EXECUTE') AS may`, [
        role,
      ]),
    ).toEqual([{ may: true }]);
    const { tenants, orphans } = await listTenants(context, { statuses: [], attributes: {} });
    expect(tenants.map(({ id, attributes }) => [id, attributes])).toEqual([
      ["Ac-me", { plan: "gold" }],
    ]);
    expect(orphans).toEqual([]);
    expect((await migrateAll(context)).outcomes.map(({ status }) => status)).toEqual([
      "skipped",
      "skipped",
    ]);
  });

  test("that cannot replace a name is rolled back in every database", async () => {
    const fleet = await createFleet();
    const { context, second } = fleet;
    await addTenant(context, { tenant: "acme" });
    await second.query(`ALTER TABLE log_acme.lines ADD CHECK (line <> '"log_acme".lines')`);
    await expect(renameTenant(context, { tenant: "acme", to: "beta" })).rejects.toThrow(
      "schema log_acme contains its own name in a place that a rename does not change",
    );
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
    expect(
      await fleet.main.query(
        "SELECT prosrc ~ 'app_acme' AS own FROM pg_proc WHERE proname = 'count_notes'",
      ),
    ).toEqual([{ own: true }]);
  });

  test("that was interrupted continues, and no other command is allowed meanwhile", async () => {
    const fleet = await createFleet();
    const { context, main, second } = fleet;
    await addTenant(context, { tenant: "acme" });
    await main.query(
      "UPDATE drizzle_fleet.tenants SET id = 'beta', status = 'renaming', renamed_from = 'acme'; ALTER SCHEMA app_acme RENAME TO app_beta",
    );
    const still = "tenant beta is still being renamed from acme";
    for (const attempt of [
      () => addTenant(context, { tenant: "beta" }),
      () => addTenant(context, { tenant: "acme" }),
      () => adoptTenant(context, { tenant: "acme" }),
      () => removeTenant(context, { tenant: "acme" }),
      () => cloneTenant(context, { tenant: "acme", to: "copy" }),
      () => migrateAll({ ...context, environment: { ...context.environment, TENANTS: "acme" } }),
      () => removeTenant(context, { tenant: "beta" }),
      () => archiveTenant(context, { tenant: "beta" }),
      () => renameTenant(context, { tenant: "other", to: "beta" }),
      () => cloneTenant(context, { tenant: "beta", to: "copy" }),
    ])
      await expect(attempt()).rejects.toThrow(still);
    const { tenants, orphans, counts } = await listTenants(context, {
      statuses: [],
      attributes: {},
    });
    expect(counts).toEqual({ renaming: 1 });
    expect(tenants.map(({ id }) => id)).toEqual(["beta"]);
    expect(orphans).toEqual([]);
    await renameTenant(context, { tenant: "acme", to: "beta" });
    expect(await tenantStatuses({ main, second })).toEqual(only("beta"));
  });

  test("that was interrupted can be reverted", async () => {
    const fleet = await createFleet();
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    const before = await contentsOf(fleet, "acme");
    await main.query(
      "UPDATE drizzle_fleet.tenants SET id = 'beta', status = 'renaming', renamed_from = 'acme'; ALTER SCHEMA app_acme RENAME TO app_beta",
    );
    await renameTenant(context, { tenant: "beta", to: "acme" });
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
    expect(await contentsOf(fleet, "acme")).toEqual(before);
  });

  test("waits for locks, and needs an unused id", async () => {
    const fleet = await createFleet();
    const { context, second, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await second.query("CREATE SCHEMA log_beta");
    await expect(renameTenant(context, { tenant: "acme", to: "beta" })).rejects.toThrow(
      "log_beta already exist",
    );
    const other = await main.connect();
    await other.query(`BEGIN; LOCK TABLE app_acme.notes`);
    await expect(renameTenant(context, { tenant: "acme", to: "gamma" })).rejects.toThrow(
      "lock timeout",
    );
    expect(await tenantStatuses(fleet)).toEqual([
      "acme active",
      "app_acme",
      "log_acme",
      "log_beta",
    ]);
    later(250, () => other.query("ROLLBACK"));
    await renameTenant(context, { tenant: "acme", to: "gamma" });
    expect(await tenantStatuses(fleet)).toEqual([
      "gamma active",
      "app_gamma",
      "log_beta",
      "log_gamma",
    ]);
  });
});

describe("a tenant's file", () => {
  test("can be imported into another fleet, compressed or not, under the same id or another", async () => {
    const [from, to] = [await createFleet(), await createFleet()];
    await addHard(from, "acme");
    const folder = await createFolder();
    const before = await contentsOf(from, "acme");
    for (const [file, as] of [
      ["acme.ndjson", undefined],
      ["acme.gz", "Zwei-ü"],
    ] as const) {
      const path = join(folder, file);
      await exportTenant(from.context, { tenant: "acme", file: path });
      const request = { file: path, ...(as === undefined ? {} : { tenant: as }) };
      expect(await importTenant(to.context, request)).toBe(as ?? "acme");
    }
    expect(await contentsOf(from, "acme")).toEqual(before);
    expect(await contentsOf(to, "acme")).toEqual(before);
    expect(await structureOf(to.main, "app_Zwei-ü")).toEqual(before.app);
    expect(await rowsOf(to.session, "app_Zwei-ü")).toEqual(before.rows);
    expect(await mayEnter(to.main, to.role, "app_Zwei-ü")).toBe(true);
    const { tenants } = await listTenants(to.context, { statuses: [], attributes: {} });
    expect(tenants.map(({ id, attributes }) => [id, attributes.plan])).toEqual([
      ["Zwei-ü", "gold"],
      ["acme", "gold"],
    ]);
    expect(
      (await migrateAll(to.context)).outcomes.every(({ status }) => status === "skipped"),
    ).toBe(true);
  });

  test("that an earlier version wrote on PostgreSQL 15.20 is imported without that server's internal options", async () => {
    const fleet = await createFleet();
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    await main.query("ALTER TABLE app_acme.notes ALTER text SET (n_distinct = 7)");
    const before = await contentsOf(fleet, "acme");
    const file = join(await createFolder(), "acme.ndjson");
    await exportTenant(context, { tenant: "acme", file });
    const old = (await readFile(file, "utf8"))
      .replace(
        `ALTER COLUMN \\"text\\" SET (n_distinct='7')`,
        `ALTER COLUMN \\"id\\" SET (pg_attver='22549192'), ALTER COLUMN \\"text\\" SET (pg_attver='22549192', n_distinct='7')`,
      )
      .replace(/^\{"kind":"end".*\n/m, "");
    expect(old).toContain("pg_attver");
    const sha256 = createHash("sha256").update(old).digest("hex");
    await writeFile(file, `${old}${JSON.stringify({ kind: "end", sha256 })}\n`);
    await importTenant(context, { file, tenant: "copy" });
    expect(await contentsOf(fleet, "copy")).toEqual(before);
    expect(
      await main.query(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'app_copy.notes'::regclass AND attoptions::text ~ 'n_distinct=7' AND attoptions::text !~ '22549192'",
      ),
    ).toEqual([{ attname: "text" }]);
  });

  test("is refused if it is incomplete", async () => {
    const fleet = await createFleet();
    const { context } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    const folder = await createFolder();
    const [good, bad] = [join(folder, "good"), join(folder, "bad")];
    await exportTenant(context, { tenant: "acme", file: good });
    const text = await readFile(good, "utf8");
    const lines = text.trimEnd().split("\n");
    const spoilt: [text: string, reason: string][] = [
      ["", "it is truncated"],
      ["no JSON\n", "a line is not valid JSON"],
      ["{}\n", "kind: "],
      [text.slice(0, -20), "it is truncated"],
      [`${lines.slice(0, -1).join("\n")}\n`, "it is truncated"],
      [`${lines.slice(1).join("\n")}\n`, "its first line does not describe a tenant"],
      [text.replace("bad", "mad"), "it was changed"],
      [`${text}${lines[0]}\n`, "there is data after its end"],
      [text.replace('"format":1', '"format":2'), "format: "],
    ];
    for (const [content, reason] of spoilt) {
      await writeFile(bad, content);
      await expect(importTenant(context, { file: bad, tenant: "beta" })).rejects.toThrow(reason);
    }
    await writeFile(`${bad}.gz`, gzipSync(text).subarray(0, 500));
    await expect(importTenant(context, { file: `${bad}.gz`, tenant: "beta" })).rejects.toThrow(
      "unexpected end of file",
    );
    await expect(
      importTenant(context, { file: join(folder, "none"), tenant: "beta" }),
    ).rejects.toThrow("the file does not exist");
    await expect(importTenant(context, { file: good })).rejects.toThrow(
      "tenant acme already exists",
    );
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
  });

  test("leaves nothing if the server refuses it, or the fleet lacks its services", async () => {
    const [from, to] = [await createFleet(), await createFleet()];
    await addTenant(from.context, { tenant: "acme" });
    await addRows(from, "acme");
    await from.second.query(
      "CREATE SCHEMA elsewhere; CREATE TYPE elsewhere.kind AS ENUM ('x'); ALTER TABLE log_acme.lines ADD COLUMN kind elsewhere.kind",
    );
    const file = join(await createFolder(), "acme.gz");
    await exportTenant(from.context, { tenant: "acme", file });
    await addTenant(to.context, { tenant: "beta" });
    await expect(importTenant(to.context, { file })).rejects.toThrow(
      'the statement names the schema "elsewhere", which is neither the tenant\'s nor shared',
    );
    const { fleet } = to.context.config;
    const { log, ...services } = fleet.services;
    if (log === undefined) throw new Error("no log");
    const sharing = {
      ...fleet,
      services: { ...services, log: { ...log, sharedSchemas: ["elsewhere"] } },
    };
    await expect(
      importTenant({ ...to.context, config: { ...to.context.config, fleet: sharing } }, { file }),
    ).rejects.toThrow('log/acme: schema "elsewhere" does not exist (SQLSTATE 3F000)');
    expect(await tenantStatuses(to)).toEqual(only("beta"));
    const without: Context = {
      ...to.context,
      config: { ...to.context.config, fleet: { ...fleet, services } },
    };
    await expect(importTenant(without, { file })).rejects.toThrow(
      "the file contains services that have no tenants in this fleet: log",
    );
    expect(await tenantStatuses(to)).toEqual(only("beta"));
  });

  test("is complete or not written, overwrites no file, and is readable only by its owner", async () => {
    const fleet = await createFleet();
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await addRows(fleet, "acme");
    const folder = await createFolder({ "there.gz": "mine" });
    const refused = (file: string) =>
      exportTenant(context, { tenant: "acme", file: join(folder, file) }).then(
        () => "done",
        (error: Error) => error.message,
      );
    expect(await refused("there.gz")).toBe("the file already exists");
    expect(await readFile(join(folder, "there.gz"), "utf8")).toBe("mine");
    expect(await refused("no/folder.gz")).toMatch("ENOENT");
    await main.query(
      "ALTER TABLE app_acme.notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE TYPE app_acme.shell",
    );
    expect(await refused("new.gz")).toBe(
      "schema app_acme cannot be copied because it contains type shell",
    );
    const { readdir, stat } = await import("node:fs/promises");
    expect(await readdir(folder)).toEqual(["there.gz"]);
    await main.query("DROP TYPE app_acme.shell");
    expect(await refused("new.gz")).toBe("done");
    expect((await stat(join(folder, "new.gz"))).mode & 0o777).toBe(0o600);
    const lines = gunzipSync(await readFile(join(folder, "new.gz")))
      .toString()
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual([
      ...["tenant", "schema", "rows", "rows", "schema", "rows", "rows", "end"],
    ]);
  });

  test("can restore a removed tenant", async () => {
    const fleet = await createFleet();
    const { context, main, role } = fleet;
    await addHard(fleet, "acme");
    const before = await contentsOf(fleet, "acme");
    const folder = await createFolder({ "there.gz": "mine" });
    await expect(
      removeTenant(context, { tenant: "acme", dump: join(folder, "there.gz") }),
    ).rejects.toThrow("the file already exists");
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
    expect(await mayEnter(main, role, "app_acme")).toBe(true);
    const file = join(folder, "acme.gz");
    await removeTenant(context, { tenant: "acme", dump: file });
    expect(await tenantStatuses(fleet)).toEqual([]);
    await importTenant(context, { file });
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
    expect(await contentsOf(fleet, "acme")).toEqual(before);
  });
});

test("tenant roles follow their tenants through every command", async () => {
  const fleet = await createFleet({ roles: "per-tenant" });
  const { context, main, second, role } = fleet;
  const file = join(await createFolder(), "acme.gz");
  // Before PostgreSQL 16, inheritance is an attribute of the role.
  await main.query(`ALTER ROLE ${role} NOINHERIT`);
  const rolesNow = async () => {
    const rows = await main.query<{ one: string }>(
      `SELECT split_part(r.rolname, '@', 1) || ' ' || d.datname AS one FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
       JOIN pg_database d ON d.datname = split_part(r.rolname, '@', 2) WHERE m.member = $1::regrole`,
      [role],
    );
    const names = new Map([
      [new URL(main.url).pathname.slice(1), "main"],
      [new URL(second.url).pathname.slice(1), "second"],
    ]);
    return rows
      .map(({ one }) => one.split(" "))
      .map(([tenant, name = ""]) => `${tenant} ${names.get(name)}`)
      .sort();
  };
  const of = (...tenants: string[]) =>
    tenants.flatMap((tenant) => [`${tenant} main`, `${tenant} second`]).sort();
  const entersOnly = async (schema: string, tenant: string) => {
    const own = `${tenant}@${new URL(main.url).pathname.slice(1)}`;
    const rows = await main.query<{ name: string }>(
      `SELECT rolname AS name FROM pg_roles WHERE has_schema_privilege(rolname, '${schema}', 'USAGE') AND NOT rolsuper
         AND NOT pg_has_role(rolname, 'pg_read_all_data', 'USAGE') AND rolname !~ '^pg_' `,
    );
    expect(rows).toEqual([{ name: own }]);
  };
  await addTenant(context, { tenant: "acme" });
  await cloneTenant(context, { tenant: "acme", to: "beta" });
  expect(await rolesNow()).toEqual(of("acme", "beta"));
  await entersOnly("app_beta", "beta");
  await renameTenant(context, { tenant: "acme", to: "gamma" });
  expect(await rolesNow()).toEqual(of("beta", "gamma"));
  await entersOnly("app_gamma", "gamma");
  await removeTenant(context, { tenant: "gamma", dump: file });
  expect(await rolesNow()).toEqual(of("beta"));
  await importTenant(context, { file, tenant: "delta" });
  expect(await rolesNow()).toEqual(of("beta", "delta"));
  await entersOnly("app_delta", "delta");
  await removeTenant(context, { tenant: "beta" });
  await removeTenant(context, { tenant: "delta" });
});

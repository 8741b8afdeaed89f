import { execFileSync } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { cloneTenant } from "../../src/operations/clone-tenant.ts";
import { exportTenant } from "../../src/operations/export-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { renameTenant } from "../../src/operations/rename-tenant.ts";
import type { TestDatabase } from "../support/database.ts";
import { createFolder, history, migrateAll, writeFiles } from "../support/fleet.ts";
import { app, createFleet, type Fleet, mayEnter, tenantStatuses } from "../support/two-services.ts";

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Waits until a query has rows. */
async function until(database: TestDatabase, query: string): Promise<void> {
  for (let round = 0; round < 1_000; round += 1) {
    if ((await database.query(query)).length > 0) return;
    await sleep(10);
  }
  throw new Error(`this did not come: ${query}`);
}

describe("a rollout in progress", () => {
  /**
   * A rollout that has read the registry and waits for the target's lock while another command drops or renames the
   * schema. It has read every migration, because another tenant lacks all of them.
   */
  async function rollOutDuring(
    fleet: Fleet,
    status: string,
    command: () => Promise<unknown>,
  ): Promise<string[]> {
    const { context, main, root } = fleet;
    await addTenant(context, { tenant: "acme" });
    await main.query("INSERT INTO drizzle_fleet.tenants (id, status) VALUES ('fresh', 'active')");
    await writeFiles(
      root,
      history("drizzle/app", { ...app, "0001_more": "ALTER TABLE notes ADD COLUMN more text;" }),
    );
    const other = await main.connect();
    await other.query("BEGIN; LOCK TABLE app_acme.notes");
    const taking = command();
    await until(main, `SELECT FROM drizzle_fleet.tenants WHERE status = '${status}'`);
    const [row] = await main.query("SELECT * FROM drizzle_fleet.tenants WHERE id <> 'fresh'");
    await main.query(
      "UPDATE drizzle_fleet.tenants SET id = 'acme', status = 'active', renamed_from = NULL WHERE id <> 'fresh'",
    );
    const rollout = migrateAll(context);
    await sleep(1_500);
    await main.query(
      "UPDATE drizzle_fleet.tenants SET id = $1, status = $2, renamed_from = $3 WHERE id = 'acme'",
      [row?.id, row?.status, row?.renamed_from],
    );
    await other.query("ROLLBACK");
    await taking;
    const { outcomes } = await rollout;
    return outcomes
      .filter(({ target }) => target.schema === "app_acme")
      .map(({ failure, status: how }) => `${how}: ${failure?.message}`);
  }

  const gone = ['failed: schema "app_acme" was removed or renamed after the rollout began'];

  test("does not create the schema again that a rename moved away", async () => {
    const fleet = await createFleet({ timeouts: { lock: 20_000 }, retry: { attempts: 10 } });
    const rename = () => renameTenant(fleet.context, { tenant: "acme", to: "beta" });
    expect(await rollOutDuring(fleet, "renaming", rename)).toEqual(gone);
    expect(await tenantStatuses(fleet)).not.toContain("app_acme");
  });

  test("does not create a removed tenant again", async () => {
    const fleet = await createFleet({ timeouts: { lock: 20_000 }, retry: { attempts: 10 } });
    const remove = () => removeTenant(fleet.context, { tenant: "acme" });
    expect(await rollOutDuring(fleet, "removing", remove)).toEqual(gone);
    expect(await tenantStatuses(fleet)).not.toContain("app_acme");
  });
});

describe("a tenant removed with a dump", () => {
  test("includes the rows of a transaction that was open when access was revoked", async () => {
    const fleet = await createFleet();
    const { context, main, role } = fleet;
    await addTenant(context, { tenant: "acme" });
    const writer = await main.connect();
    await writer.query(
      `SET ROLE ${role}; BEGIN; INSERT INTO app_acme.notes (id, text) VALUES (9999, 'late')`,
    );
    const file = join(await createFolder(), "f");
    const removing = removeTenant(context, { tenant: "acme", dump: file }).then(
      () => "removed",
      (error: Error) => error.message,
    );
    await sleep(300);
    expect(await isThere(file)).toBe(false);
    await writer.query("COMMIT");
    expect(await removing).toBe("removed");
    expect(await readFile(file, "utf8")).toContain("late");
  });

  test("includes everything that was committed, by any writer", async () => {
    const fleet = await createFleet();
    const { main } = fleet;
    const context = { ...fleet.context, environment: {} };
    await addTenant(context, { tenant: "acme" });
    await main.query(
      "CREATE TABLE app_acme.seen (n int); CREATE TABLE app_acme.zz_big (t text); INSERT INTO app_acme.zz_big SELECT repeat('x', 1000) FROM generate_series(1, 100000)",
    );
    const writer = await main.connect();
    let committed = 0;
    const writing = (async () => {
      for (;;) {
        const written = await writer
          .query(`INSERT INTO app_acme.seen VALUES (${committed + 1})`)
          .catch((error: Error) => error);
        if (written instanceof Error) return written.message;
        committed += 1;
      }
    })();
    const file = join(await createFolder(), "f");
    await removeTenant(context, { tenant: "acme", dump: file });
    expect(await writing).toMatch("does not exist");
    const rows = (await readFile(file, "utf8"))
      .split("\n")
      .filter((line) => line.includes('"table":"seen"'))
      .map((line) => (JSON.parse(line) as { copy: string }).copy)
      .join("");
    expect(committed).toBeGreaterThan(0);
    expect(rows.split("\n").length - 1).toBe(committed);
  });

  test("stays unchanged and accessible if something depends on it", async () => {
    const fleet = await createFleet();
    const { context, main, role } = fleet;
    await addTenant(context, { tenant: "acme" });
    await main.query("CREATE VIEW public.v AS SELECT * FROM app_acme.notes");
    const folder = await createFolder();
    const removing = removeTenant(context, { tenant: "acme", dump: join(folder, "f") });
    await expect(removing).rejects.toThrow("objects outside the tenant depend on");
    expect(await readdir(folder)).toEqual([]);
    expect(await mayEnter(main, role, "app_acme")).toBe(true);
  });

  test("stays unchanged and accessible if another session keeps its tables locked", async () => {
    const fleet = await createFleet();
    const { context, second, main, role } = fleet;
    await addTenant(context, { tenant: "acme" });
    const other = await second.connect();
    await other.query("BEGIN; INSERT INTO log_acme.lines VALUES (now(), 'open')");
    const folder = await createFolder();
    const removing = removeTenant(context, { tenant: "acme", dump: join(folder, "f") });
    await expect(removing).rejects.toMatchObject({ code: "onboarding", where: "log_acme" });
    await other.query("ROLLBACK");
    expect(await readdir(folder)).toEqual([]);
    expect(await mayEnter(main, role, "app_acme")).toBe(true);
    expect(await tenantStatuses(fleet)).toEqual(["acme active", "app_acme", "log_acme"]);
  });
});

test("a tenant that lacks a service can be cloned, exported, imported and removed", async () => {
  const fleet = await createFleet();
  const { context, second } = fleet;
  await addTenant(context, { tenant: "acme" });
  await second.query("DROP SCHEMA log_acme CASCADE");
  const folder = await createFolder();
  await exportTenant(context, { tenant: "acme", file: join(folder, "a") });
  await importTenant(context, { file: join(folder, "a"), tenant: "imported" });
  await cloneTenant(context, { tenant: "acme", to: "cloned" });
  await removeTenant(context, { tenant: "acme", dump: join(folder, "b") });
  expect(await tenantStatuses(fleet)).toEqual([
    ...["cloned active", "imported active", "app_cloned", "app_imported"],
  ]);
});

test.each(["clone", "export"])(
  "%s: includes rows that were moved and truncated meanwhile",
  async (kind) => {
    const fleet = await createFleet({ timeouts: { lock: 10_000 } });
    const { context, main } = fleet;
    await addTenant(context, { tenant: "acme" });
    await main.query(
      `CREATE TABLE app_acme.aa (id int, t text); INSERT INTO app_acme.aa SELECT n, repeat('x', 200) FROM generate_series(1, 300000) n;
     CREATE TABLE app_acme.zz (id int); INSERT INTO app_acme.zz SELECT n FROM generate_series(1, 10) n; CREATE TABLE app_acme.zz_old (id int)`,
    );
    const other = await main.connect();
    const file = join(await createFolder(), "f");
    const work =
      kind === "clone"
        ? cloneTenant(context, { tenant: "acme", to: "copy" })
        : exportTenant(context, { tenant: "acme", file });
    await until(
      main,
      `SELECT FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()
       AND (query LIKE '%INTO "app_copy"."aa"%' OR query LIKE 'COPY "app_acme"."aa"%')`,
    );
    await other.query(
      "BEGIN; INSERT INTO app_acme.zz_old SELECT * FROM app_acme.zz; TRUNCATE app_acme.zz; COMMIT",
    );
    await work;
    if (kind === "export") await importTenant(context, { file, tenant: "copy" });
    const [row] = await main.query(
      "SELECT (SELECT count(*) FROM app_copy.zz)::int + (SELECT count(*) FROM app_copy.zz_old)::int AS n",
    );
    expect(row).toEqual({ n: 10 });
  },
  120_000,
);

test("a full disk ends an export, compressed or not, and a removal with a dump", async ({
  skip,
}) => {
  skip(process.getuid?.() !== 0, "needs root, to mount a small file system");
  const tiny = await createFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", tiny]);
  onTestFinished(() => void execFileSync("umount", ["-l", tiny]));
  const fleet = await createFleet();
  const { context, main, role } = fleet;
  await addTenant(context, { tenant: "acme" });
  await main.query(
    `CREATE TABLE app_acme.big (id int, t text); INSERT INTO app_acme.big
       SELECT n, (SELECT string_agg(md5(random()::text || n || i), '') FROM generate_series(1, 400) i) FROM generate_series(1, 2000) n`,
  );
  for (const name of ["a.gz", "b.gz", "c.ndjson"])
    await expect(exportTenant(context, { tenant: "acme", file: join(tiny, name) })).rejects.toThrow(
      "ENOSPC",
    );
  await expect(removeTenant(context, { tenant: "acme", dump: join(tiny, "d.gz") })).rejects.toThrow(
    "ENOSPC",
  );
  expect(await readdir(tiny)).toEqual([]);
  expect(await mayEnter(main, role, "app_acme")).toBe(true);
}, 120_000);

test("sessions that hold locks outlive a role's idle_session_timeout", async () => {
  const fleet = await createFleet();
  const { context, main } = fleet;
  await addTenant(context, { tenant: "acme" });
  await main.query(
    `CREATE FUNCTION app_acme.wait(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN true; END $$;
     CREATE TABLE app_acme.slow (id int CHECK (app_acme.wait(id))); INSERT INTO app_acme.slow VALUES (1)`,
  );
  const name = new URL(main.url).pathname.slice(1);
  await main.query(`ALTER DATABASE ${name} SET idle_session_timeout = '1s'`);
  await cloneTenant(context, { tenant: "acme", to: "copy" });
  await main.query(`ALTER DATABASE ${name} RESET idle_session_timeout`);
  const { rows } = await (await main.connect()).query(
    "SELECT id || ' ' || status AS one FROM drizzle_fleet.tenants ORDER BY 1",
  );
  expect(rows.map(({ one }) => one)).toEqual(["acme active", "copy active"]);
});

test("an export that fails for another reason than its file reports that reason", async () => {
  const fleet = await createFleet();
  const { context, main } = fleet;
  await addTenant(context, { tenant: "acme" });
  const folder = await createFolder();
  const interrupted = new AbortController();
  interrupted.abort();
  await expect(
    exportTenant(
      { ...context, signal: interrupted.signal },
      { tenant: "acme", file: join(folder, "a") },
    ),
  ).rejects.toMatchObject({ code: "onboarding" });
  const other = await main.connect();
  await other.query("BEGIN; LOCK TABLE app_acme.notes");
  await expect(
    exportTenant(context, { tenant: "acme", file: join(folder, "b") }),
  ).rejects.toMatchObject({ code: "onboarding", where: "app_acme" });
  await other.query("ROLLBACK");
  expect(await readdir(folder)).toEqual([]);
});

test("values are copied unchanged, whatever the settings of the role", async () => {
  const fleet = await createFleet();
  const { context, main, second } = fleet;
  await addTenant(context, { tenant: "acme" });
  await main.query(
    `CREATE DOMAIN app_acme.ratio AS float8; CREATE TABLE app_acme.odd (r app_acme.ratio);
     INSERT INTO app_acme.odd VALUES (0.1::float8 + 0.2::float8);
     CREATE FUNCTION app_acme.secret() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT current_user::text';
     REVOKE EXECUTE ON FUNCTION app_acme.secret() FROM PUBLIC`,
  );
  await second.query(
    `CREATE TABLE log_acme.t (a text); INSERT INTO log_acme.t VALUES (U&'\\FEFFhello'), (repeat('long', 4000000))`,
  );
  const name = new URL(main.url).pathname.slice(1);
  await main.query(`ALTER DATABASE ${name} SET extra_float_digits = -5`);
  const file = join(await createFolder(), "f");
  await cloneTenant(context, { tenant: "acme", to: "copy" });
  await exportTenant(context, { tenant: "acme", file });
  await importTenant(context, { file, tenant: "imp" });
  await main.query("SET extra_float_digits = 1");
  for (const tenant of ["copy", "imp"]) {
    expect(await main.query(`SELECT r::text FROM app_${tenant}.odd`)).toEqual([
      { r: "0.30000000000000004" },
    ]);
    expect(
      await main.query(
        `SELECT has_function_privilege($1, 'app_${tenant}.secret()', 'EXECUTE') AS may`,
        [fleet.role],
      ),
    ).toEqual([{ may: false }]);
    expect(await second.query(`SELECT length(a) AS n FROM log_${tenant}.t ORDER BY 1`)).toEqual([
      ...[{ n: 6 }, { n: 16_000_000 }],
    ]);
  }
  await main.query("CREATE TABLE app_acme.names (own regclass[])");
  await expect(cloneTenant(context, { tenant: "acme", to: "third" })).rejects.toThrow(
    "names.own can contain names of the tenant's own tables",
  );
});

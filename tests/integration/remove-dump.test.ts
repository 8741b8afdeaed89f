import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { isFleetError } from "../../src/core/errors.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { archiveTenant } from "../../src/operations/archive-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { lockKey } from "../../src/postgres/lock.ts";
import { Session } from "../../src/postgres/session.ts";
import { createFolder } from "../support/fleet.ts";
import {
  addRows,
  contentsOf,
  createFleet,
  type Fleet,
  mayEnter,
  only,
  tenantStatuses,
} from "../support/two-services.ts";

afterEach(() => void vi.restoreAllMocks());

/** Creates a tenant with rows, and a folder for its file. */
async function setUp(more: Parameters<typeof createFleet>[0] = {}) {
  const fleet = await createFleet(more);
  await addTenant(fleet.context, { tenant: "acme" });
  await addRows(fleet, "acme");
  const folder = await createFolder();
  return { fleet, folder, file: join(folder, "acme.gz") };
}

/** Checks that the tenant is active and unchanged, and that no file is left. */
async function expectAsItWas(fleet: Fleet, folder: string, before: unknown): Promise<void> {
  expect(await tenantStatuses(fleet)).toEqual(only("acme"));
  expect(await contentsOf(fleet, "acme")).toEqual(before);
  expect(await mayEnter(fleet.main, fleet.role, "app_acme")).toBe(true);
  expect(await mayEnter(fleet.second, fleet.role, "log_acme")).toBe(true);
  expect(await readdir(folder)).toEqual([]);
}

const refusal = (removing: Promise<void>) =>
  removing.then(
    () => expect.fail("it was removed"),
    (error: unknown) => (isFleetError(error) ? error : expect.fail(String(error))),
  );

describe("a tenant is unchanged and accessible", () => {
  test.each<[name: string, spoil: (fleet: Fleet) => Promise<unknown>, reason: string]>([
    [
      "while a rollout works on a schema of it",
      async ({ second }) =>
        (await second.connect()).query(`SELECT pg_advisory_lock(${lockKey("log_acme")})`),
      "another runner is working on log_acme",
    ],
    [
      "while somebody else keeps a table locked",
      async ({ second }) => (await second.connect()).query("BEGIN; LOCK TABLE log_acme.lines"),
      "lock timeout",
    ],
    [
      "when something outside needs it",
      ({ second }) => second.query("CREATE VIEW public.v AS SELECT * FROM log_acme.lines"),
      "objects outside the tenant depend on log_acme",
    ],
    [
      "when it holds what no file can",
      ({ second }) => second.query("CREATE TYPE log_acme.shell"),
      "cannot be copied because it contains type shell",
    ],
    [
      "when its rows break its own rules by now",
      ({ second }) =>
        second.query(
          `CREATE FUNCTION log_acme.fits(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
           ALTER TABLE log_acme.lines ADD CONSTRAINT fits CHECK (log_acme.fits(line));
           CREATE OR REPLACE FUNCTION log_acme.fits(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false'`,
        ),
      'the file of log_acme could not be imported: log/acme: check constraint "fits"',
    ],
    [
      "when a row names what is not there before the rows",
      ({ second }) =>
        second.query(
          `CREATE INDEX by_line ON log_acme.lines (line); CREATE TABLE log_acme.names (n regclass);
           INSERT INTO log_acme.names VALUES ('log_acme.by_line')`,
        ),
      'the file of log_acme could not be imported: log/acme: relation "by_line" does not exist',
    ],
    [
      "when it needs a schema that no tenant may",
      ({ second }) =>
        second.query(
          "CREATE SCHEMA common; CREATE TYPE common.kind AS ENUM ('x'); ALTER TABLE log_acme.lines ADD COLUMN kind common.kind",
        ),
      'the statement names the schema "common"',
    ],
  ])("%s", async (_name, spoil, reason) => {
    const { fleet, folder, file } = await setUp();
    await spoil(fleet);
    const held = /lock|runner/.test(reason) || reason.includes("shell");
    const before = held ? undefined : await contentsOf(fleet, "acme");
    const { message, problems } = await refusal(
      removeTenant(fleet.context, { tenant: "acme", dump: file }),
    );
    expect([message, ...problems.map((one) => one.message)].join("\n")).toContain(reason);
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
    expect(await mayEnter(fleet.main, fleet.role, "app_acme")).toBe(true);
    expect(await readdir(folder)).toEqual([]);
    if (before !== undefined) await expectAsItWas(fleet, folder, before);
  });

  test("if the file cannot be written, or its folder is not a folder", async () => {
    const { fleet, folder } = await setUp();
    const before = await contentsOf(fleet, "acme");
    await mkdir(join(folder, "folder.gz"));
    for (const [file, reason] of [
      ["none/acme.gz", "ENOENT"],
      ["folder.gz", "the file already exists"],
    ] as const) {
      const removing = removeTenant(fleet.context, { tenant: "acme", dump: join(folder, file) });
      expect((await refusal(removing)).message).toContain(reason);
    }
    expect(await contentsOf(fleet, "acme")).toEqual(before);
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
  });

  test("if an object outside begins to depend on it while it is copied", async () => {
    const { fleet, folder, file } = await setUp({ timeouts: { lock: 20_000 } });
    const { main, context } = fleet;
    const before = await contentsOf(fleet, "acme");
    const reader = await main.connect();
    await reader.query("BEGIN; SELECT FROM app_acme.notes");
    const removing = refusal(removeTenant(context, { tenant: "acme", dump: file }));
    // The removal waits for the reader after everything else is done.
    await until(fleet, "wait_event_type = 'Lock' AND query LIKE '%ACCESS EXCLUSIVE%'");
    await reader.query("CREATE VIEW public.late AS SELECT id FROM app_acme.notes; COMMIT");
    expect((await removing).message).toContain("objects outside the tenant depend on app_acme");
    await expectAsItWas(fleet, folder, before);
    expect(await main.query("SELECT count(*) FROM public.late")).toEqual([{ count: "50" }]);
  });

  test("if the user interrupts the removal, also during the rehearsal", async () => {
    const { fleet, folder, file } = await setUp();
    const before = await contentsOf(fleet, "acme");
    const { controller, reached } = abortAt("SAVEPOINT rehearsal");
    const context = { ...fleet.context, signal: controller.signal, cancel: controller.signal };
    const { message } = await refusal(removeTenant(context, { tenant: "acme", dump: file }));
    expect(reached()).toBe(true);
    expect(message).toMatch(/interrupted|canceling statement/);
    vi.restoreAllMocks();
    await expectAsItWas(fleet, folder, before);
    await removeTenant(fleet.context, { tenant: "acme", dump: file });
    await importTenant(fleet.context, { file });
    expect(await contentsOf(fleet, "acme")).toEqual(before);
  });

  test("if the removal of an archived tenant fails; it is still archived", async () => {
    const { fleet, folder, file } = await setUp();
    await archiveTenant(fleet.context, { tenant: "acme" });
    await fleet.second.query("CREATE TYPE log_acme.shell");
    await refusal(removeTenant(fleet.context, { tenant: "acme", dump: file }));
    expect(await tenantStatuses(fleet)).toEqual(["acme archived", "app_acme", "log_acme"]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a connection that is lost while the schemas are dropped", () => {
  test("undoes everything if nothing was committed", async () => {
    const { fleet, folder, file } = await setUp();
    const before = await contentsOf(fleet, "acme");
    atCommit(1, async (commit, backend) => {
      await fleet.main.query("SELECT pg_terminate_backend($1)", [backend]);
      return commit();
    });
    const { message } = await refusal(removeTenant(fleet.context, { tenant: "acme", dump: file }));
    expect(message).toMatch(/terminat|connection/i);
    vi.restoreAllMocks();
    await expectAsItWas(fleet, folder, before);
  });

  test("reports both errors and a remedy if undoing fails", async () => {
    const { fleet, file } = await setUp();
    atCommit(1, async (commit, backend) => {
      await fleet.main.query("ALTER TABLE drizzle_fleet.tenants RENAME TO away");
      await fleet.main.query("SELECT pg_terminate_backend($1)", [backend]);
      return commit();
    });
    const error = await refusal(removeTenant(fleet.context, { tenant: "acme", dump: file }));
    expect(error.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/terminat|connection/i),
      expect.stringContaining("undoing the changes failed"),
    ]);
    const [, undone] = error.problems;
    const [, statement = ""] = /(UPDATE .*)$/.exec(undone?.remedy ?? "") ?? [];
    await fleet.main.query("ALTER TABLE drizzle_fleet.away RENAME TO tenants");
    vi.restoreAllMocks();
    await fleet.main.query(statement);
    expect(await tenantStatuses(fleet)).toEqual(only("acme"));
  });

  test.each([
    ["between two databases", 2, false],
    ["and the answer to the first commit with it", 1, true],
  ])(
    "leaves a complete file and a removal that can be finished: %s",
    async (_name, which, late) => {
      const { fleet, file } = await setUp();
      const before = await contentsOf(fleet, "acme");
      atCommit(which, async (commit, backend) => {
        if (late) await commit();
        await fleet.main.query("SELECT pg_terminate_backend($1)", [backend]);
        return commit();
      });
      const { message, remedy } = await refusal(
        removeTenant(fleet.context, { tenant: "acme", dump: file }),
      );
      expect(message).toContain("the removal of tenant acme was interrupted");
      expect(remedy).toContain("drizzle-fleet tenants remove acme");
      vi.restoreAllMocks();
      expect((await tenantStatuses(fleet))[0]).toBe("acme removing");
      await removeTenant(fleet.context, { tenant: "acme" });
      expect(await tenantStatuses(fleet)).toEqual([]);
      await importTenant(fleet.context, { file });
      expect(await contentsOf(fleet, "acme")).toEqual(before);
    },
  );
});

/** Replaces the nth COMMIT that is sent as a query of its own. */
function atCommit(
  which: number,
  act: (commit: () => Promise<never[]>, backend: number) => Promise<never[]>,
): void {
  const query = Session.prototype.query;
  let count = 0;
  vi.spyOn(Session.prototype, "query").mockImplementation(async function (
    this: Session,
    sql: string,
    values: readonly unknown[] = [],
  ) {
    const run = () => query.call(this, sql, values) as Promise<never[]>;
    if (sql !== "COMMIT") return run();
    count += 1;
    if (count !== which) return run();
    const [row] = await query.call(this, "SELECT pg_backend_pid() AS pid");
    return act(run, Number(row?.pid));
  });
}

/** Aborts when a script with this beginning is sent to a session. */
function abortAt(beginning: string) {
  const controller = new AbortController();
  const script = Session.prototype.script;
  let reached = false;
  vi.spyOn(Session.prototype, "script").mockImplementation(async function (
    this: Session,
    sql: string,
  ) {
    if (sql.startsWith(beginning)) {
      reached = true;
      controller.abort();
    }
    return script.call(this, sql);
  });
  return { controller, reached: () => reached };
}

async function until({ main }: Fleet, condition: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const rows = await main.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition}`,
      );
      expect(rows).toHaveLength(1);
    },
    { timeout: 30_000, interval: 50 },
  );
}

import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { archiveTenant } from "../../src/operations/archive-tenant.ts";
import { status } from "../../src/operations/status.ts";
import { switchTenants } from "../../src/operations/switch-tenants.ts";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

type Listed = Exclude<FleetInput["tenants"], undefined>;

const files = history("drizzle/app", { "0000_a": `CREATE TABLE "a" ();` });
const all = { services: [], tenants: [], databases: [] };
const ids = Array.from({ length: 40 }, (_, index) => `t${index + 10}`);
const registry = { to: "registry", forget: [], dryRun: false } as const;
const list = { to: "list", forget: [], dryRun: false } as const;

/** Contexts of one fleet, each with another source of tenants in its configuration. */
async function fleet() {
  const database = await createDatabase();
  const root = await createFolder(files);
  const context = (tenants: Listed | undefined, environment: Record<string, string> = {}) => {
    const { tenants: _, ...input } = appFleet(database.url, []);
    const databases = { ...input.databases, other: { url: database.url } };
    const whole = { ...input, databases, ...(tenants === undefined ? {} : { tenants }) };
    return contextFor(root, whole, environment);
  };
  const rows = () =>
    database.query(
      "SELECT id, status, database, attributes, created_at FROM drizzle_fleet.tenants ORDER BY id",
    );
  return { database, context, rows };
}

describe("tenants switch", () => {
  test("moves 40 tenants from a list to the registry and back, with all their attributes", async () => {
    const { context, rows } = await fleet();
    const listed = ids.map((id, index) =>
      index === 3
        ? { id, database: "other", attributes: { plan: "gold", seats: 5, trial: false } }
        : id,
    );
    await migrateAll(context(listed));
    const rehearsed = await switchTenants(context(listed), { ...registry, dryRun: true });
    expect(rehearsed).toMatchObject({ entered: ids, updated: [], database: "main" });
    await expect(rows()).rejects.toThrow("does not exist");

    await switchTenants(context(listed, { TENANTS: "stranger" }), registry);
    const entered = await rows();
    expect(entered).toHaveLength(40);
    expect(entered[3]).toMatchObject({
      ...{ id: "t13", status: "active", database: "other" },
      attributes: { plan: "gold", seats: 5, trial: false },
    });
    const states = await status(context(undefined), all);
    expect(states.map(({ target, pending }) => [target.tenant, pending])).toEqual(
      ids.map((id) => [id, 0]),
    );

    await archiveTenant(context(undefined), { tenant: "t11" });
    const back = await switchTenants(context(undefined), list);
    expect(back.staying).toEqual([{ id: "t11", status: "archived" }]);
    expect(back.tenants).toHaveLength(39);
    const again = back.tenants.map((tenant) => ({ ...tenant }));
    expect(Object.values(byTenant(await migrateAll(context(again))))).toEqual(
      Array(39).fill("skipped"),
    );
    expect(await switchTenants(context(again), registry)).toMatchObject({
      ...{ entered: [], updated: [], staying: [{ id: "t11", status: "archived" }] },
    });
    expect(await rows()).toEqual(
      entered.map((row) => (row.id === "t11" ? { ...row, status: "archived" } : row)),
    );
  });

  test("copies what changed in the list meanwhile", async () => {
    const { context, rows } = await fleet();
    const [before] = [await switchTenants(context(["x", "y"]), registry)];
    expect(before.entered).toEqual(["x", "y"]);
    const changed = await switchTenants(
      context(["x", { id: "y", attributes: { plan: "free" } }, "z"]),
      registry,
    );
    expect(changed).toMatchObject({ entered: ["z"], updated: ["y"] });
    expect(await rows()).toMatchObject([
      { id: "x", attributes: {} },
      { id: "y", attributes: { plan: "free" } },
      { id: "z" },
    ]);
  });

  test("reports all contradictions at once, and changes nothing", async () => {
    const { context, rows } = await fleet();
    await migrateAll(context(["x", "y", "z"]));
    await switchTenants(context(["x", "y", "z"]), registry);
    await archiveTenant(context(undefined), { tenant: "x" });
    const before = await rows();
    const failed = switchTenants(context(["x", "y", "new"]), registry);
    await expect(failed).rejects.toMatchObject({
      problems: [
        { message: "tenant x is archived in the registry but listed in the configuration" },
        { remedy: expect.stringMatching(/drizzle-fleet tenants switch registry --forget z$/) },
      ],
    });
    expect(await rows()).toEqual(before);
    await expect(
      switchTenants(context(["y"]), { ...registry, forget: ["z", "y", "nobody"] }),
    ).rejects.toMatchObject({ problems: [{ message: expect.stringContaining("--forget y") }, {}] });
    await switchTenants(context(["y", "new"]), { ...registry, forget: ["z"] });
    expect((await rows()).map(({ id, status: state }) => `${id} ${state}`)).toEqual([
      "new active",
      "x archived",
      "y active",
    ]);
  });

  test("refuses to switch to a list while a tenant is incomplete, or where the tenants already are", async () => {
    const { context, database } = await fleet();
    await switchTenants(context(["x", "y"]), registry);
    await expect(switchTenants(context(undefined), registry)).rejects.toMatchObject({
      message: "the tenants are already in the registry",
    });
    await expect(switchTenants(context(["x"]), list)).rejects.toMatchObject({
      message: "the configuration already lists the tenants",
    });
    await database.query(`UPDATE drizzle_fleet.tenants SET status = 'provisioning' WHERE id = 'y'`);
    await expect(switchTenants(context(undefined), list)).rejects.toMatchObject({
      message: "tenant y is still being set up",
    });
  });

  test("also moves tenants of a query, a function and discovery", async () => {
    const { context, rows } = await fleet();
    await migrateAll(context(["x", "y"]));
    const query = "SELECT 'x' AS id, 'gold' AS plan UNION SELECT 'y', 'free' ORDER BY id";
    const sources: Listed[] = [
      { query, database: "main" },
      async () => ["x", "y"],
      { discover: "app" },
    ];
    for (const source of sources) {
      const { tenants } = await switchTenants(context(source), list);
      expect(tenants.map(({ id }) => id)).toEqual(["x", "y"]);
      await switchTenants(context(source), registry);
      expect((await rows()).map(({ id }) => id)).toEqual(["x", "y"]);
    }
  });
});

describe("TENANTS", () => {
  test("adds a tenant for this run only, and the command shows once how to keep it", async () => {
    const { context } = await fleet();
    const said = async (source: Listed | undefined, named: string) => {
      const lines: string[] = [];
      const one = context(source, { TENANTS: named });
      await migrateAll({ ...one, notify: (line) => lines.push(line) });
      return lines.filter((line) => line.includes("TENANTS"));
    };
    const words = "not among the fleet's tenants: only this run includes";
    expect(await said(["x", "y"], "x")).toEqual([]);
    expect(await said(["x"], "x y")).toEqual([
      `TENANTS names y, which is ${words} it. To keep it, add it to tenants in the configuration.`,
    ]);
    expect(await said(undefined, "x y")).toEqual([
      `TENANTS names x, y, which are ${words} them. To keep them, run: npx drizzle-fleet tenants adopt x y`,
    ]);
    expect(await said(async () => ["x"], "y")).toEqual([
      `TENANTS names y, which is ${words} it. To keep it, add it to the source that tenants reads in the configuration.`,
    ]);
    expect(await said({ discover: "app" }, "z")).toEqual([]);
  });
});

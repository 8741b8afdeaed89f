import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { exportTenant } from "../../src/operations/export-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { Session } from "../../src/postgres/session.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, contextFor, createFolder } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";
import { rowsOf, structureOf } from "../support/schema-copy.ts";

const histories: readonly [folder: string, acceptUnproved: string[]][] = [
  ["drizzle/auth", []],
  ["drizzle/workflow", []],
  ["drizzle/ingestion", []],
  ["tests/histories/chat-platform", ["0035_dynamic_maintenance"]],
  ["tests/histories/booking-suite", ["0036_watchlist_nested", "0042_lock_and_truncate"]],
  ["tests/histories/deploy-panel", ["0036_generic_audit"]],
];

test.each(histories)(
  "a tenant of %s is exported to a file and imported from it, with its SQL proved",
  async (out, acceptUnproved) => {
    const database = await createDatabase();
    const app = {
      ...{ schema: "./none", out: join(repository, out), database: "main", acceptUnproved },
      tenantSchema: "app_{tenant}",
    };
    const fleet = appFleet(database.url, [], { services: { app }, tenants: undefined });
    const context = contextFor(repository, fleet);
    const session = await Session.connect({ name: "main", url: database.url }, { waitMs: 5_000 });
    onTestFinished(() => session.close());
    const all = async (tenant: string) => ({
      structure: await structureOf(database, `app_${tenant}`),
      rows: await rowsOf(session, `app_${tenant}`),
    });
    await addTenant(context, { tenant: "one" });
    const before = await all("one");
    const folder = await createFolder();
    await exportTenant(context, { tenant: "one", file: join(folder, "exported.gz") });
    await importTenant(context, { file: join(folder, "exported.gz"), tenant: "other" });
    expect(await all("other")).toEqual(before);
    await removeTenant(context, { tenant: "one", dump: join(folder, "removed.gz") });
    await importTenant(context, { file: join(folder, "removed.gz") });
    expect(await all("one")).toEqual(before);
  },
);

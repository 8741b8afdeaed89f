import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { targetsOf } from "../../src/core/plan.ts";
import type { Context } from "../../src/fleet/context.ts";
import { status } from "../../src/operations/status.ts";
import { catalogOf } from "../support/catalog.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, byTenant, contextFor, createFolder, migrateAll } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

/** The platform's own configuration on two databases of the test. */
async function platform(environment: Record<string, string> = {}) {
  const [main, ingestion] = [await createDatabase(), await createDatabase()];
  const context: Context = {
    config: await loadConfig(`${repository}/drizzle.config.ts`),
    environment: { DATABASE_URI: main.url, DATABASE_URL: ingestion.url, ...environment },
    notify: () => undefined,
  };
  return { main, ingestion, context };
}

/** Rows to insert after the migration whose number is in the name. */
const rowsFolder = `${repository}/tests/support/platform-rows`;

const everything = { services: [], tenants: [], databases: [] };

describe("migrate:all on the example platform", () => {
  test("brings 7 targets to head, and a second run applies nothing", async () => {
    const { context } = await platform();
    const first = await migrateAll(context);
    expect(first.outcomes.map(({ status: ended }) => ended)).toEqual(Array(7).fill("succeeded"));
    const statuses = await status(context, everything);
    expect(statuses.map(({ pending, problems }) => [pending, problems])).toEqual(
      Array(7).fill([0, []]),
    );
    expect(statuses.every(({ current, head }) => current === head && head !== undefined)).toBe(
      true,
    );
    const second = await migrateAll(context);
    expect(targetsOf(second.plan).flatMap(({ steps }) => steps)).toEqual([]);
    expect(second.outcomes.map(({ status: ended }) => ended)).toEqual(Array(7).fill("skipped"));
  });

  test("creates nothing in the schema public, and the same objects for all tenants", async () => {
    const { main, context } = await platform();
    await migrateAll(context);
    expect(await catalogOf(main, "public")).toEqual([]);
    for (const service of ["auth", "workflow"]) {
      const first = await catalogOf(main, `${service}_default`);
      expect(first.length).toBeGreaterThan(200);
      expect(await catalogOf(main, `${service}_toshiba`)).toEqual(first);
      expect(await catalogOf(main, `${service}_iopex`)).toEqual(first);
    }
  });

  test("creates foreign keys, column types, defaults and triggers that refer to their own tenant schema", async () => {
    const { main, context } = await platform();
    await migrateAll(context);
    const keys = await main.query(
      `SELECT conrelid::regclass AS of, confrelid::regclass AS to, f.relnamespace = t.relnamespace AS inside
       FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
       WHERE k.contype = 'f'`,
    );
    expect(keys.length).toBeGreaterThan(100);
    expect(keys.filter(({ inside }) => !inside)).toEqual([]);
    const enums = await main.query(
      `SELECT a.attrelid::regclass AS of, a.attname, e.typnamespace = c.relnamespace AS inside
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
       JOIN pg_type e ON e.oid = CASE WHEN t.typelem <> 0 THEN t.typelem ELSE t.oid END
       WHERE e.typtype = 'e' AND c.relkind IN ('r', 'p', 'v', 'm')`,
    );
    expect(enums.length).toBeGreaterThan(30);
    expect(enums.filter(({ inside }) => !inside)).toEqual([]);
    // Everything else that an object depends on: sequences of defaults, functions of triggers, tables of views.
    const crossing = await main.query(
      `WITH owned AS (
         SELECT 'pg_class'::regclass AS classid, oid, relnamespace AS namespace FROM pg_class
         UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
         UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
         UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, c.relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
         UNION ALL SELECT 'pg_trigger'::regclass, g.oid, c.relnamespace FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
         UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, c.relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
         UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint)
       SELECT pg_describe_object(d.classid, d.objid, 0) AS of, pg_describe_object(d.refclassid, d.refobjid, 0) AS on
       FROM pg_depend d
       JOIN owned a ON (a.classid, a.oid) = (d.classid, d.objid) JOIN owned b ON (b.classid, b.oid) = (d.refclassid, d.refobjid)
       JOIN pg_namespace n ON n.oid = a.namespace
       WHERE n.nspname ~ '^(auth|workflow)_' AND b.namespace NOT IN (a.namespace, 'pg_catalog'::regnamespace)`,
    );
    expect(crossing).toEqual([]);
  });

  test("migrates the tenants in TENANTS instead, and creates schemas for a new one", async () => {
    const { main, context } = await platform({ TENANTS: "default, newtenant" });
    await migrateAll({ ...context, environment: { ...context.environment, TENANTS: "default" } });
    const result = await migrateAll(context, { services: ["auth"] });
    expect(byTenant(result)).toMatchObject({ default: "skipped" });
    expect(byTenant(result).newtenant).toMatch(/^succeeded 0000_initial,/);
    expect(await catalogOf(main, "auth_newtenant")).toEqual(await catalogOf(main, "auth_default"));
    expect(await catalogOf(main, "auth_toshiba")).toEqual([]);
  });

  test.each([
    ["auth", "SELECT count(*)::int AS n FROM credentials", 3],
    ["auth", "SELECT count(*)::int AS n FROM role_assignments", 2],
    ["auth", "SELECT count(*)::int AS n FROM users WHERE status = 'locked'", 1],
    ["workflow", "SELECT count(DISTINCT slug)::int AS n FROM workflows", 3],
    [
      "workflow",
      "SELECT count(*)::int AS n FROM executions WHERE trigger = 'webhook' AND status = 'waiting'",
      1,
    ],
    ["ingestion", "SELECT sum(chunk_count)::int AS n FROM documents", 2],
  ])(
    "backfills and casts rows that were inserted in between, in %s: %s",
    async (service, query, expected) => {
      const database = await createDatabase();
      const root = await createFolder();
      await cp(`${repository}/drizzle/${service}`, `${root}/drizzle/app`, { recursive: true });
      const journalFile = `${root}/drizzle/app/meta/_journal.json`;
      const journal = JSON.parse(await readFile(journalFile, "utf8"));
      const context = contextFor(root, appFleet(database.url, ["old"]));
      const rows = (await readdir(rowsFolder)).filter((name) => name.startsWith(service));
      for (const name of rows.sort()) {
        const released = Number(/-(\d+)/.exec(name)?.[1]) + 1;
        await writeFile(
          journalFile,
          JSON.stringify({ ...journal, entries: journal.entries.slice(0, released) }),
        );
        expect(byTenant(await migrateAll(context)).old).toMatch(/^succeeded/);
        await database.query(
          `SET search_path = app_old; ${await readFile(`${rowsFolder}/${name}`, "utf8")}`,
        );
      }
      await writeFile(journalFile, JSON.stringify(journal));
      expect(byTenant(await migrateAll(context)).old).toMatch(/^succeeded/);
      expect(await database.query(query)).toEqual([{ n: expected }]);
    },
  );
});

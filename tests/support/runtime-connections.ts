import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { namesOf, refusalOf, scalarOf, setUp, users } from "./runtime-fleet.ts";

/**
 * Defines tests of a program's connections. They must pass with and without a pooler between the program and the
 * server.
 *
 * @param addressThrough returns the URL by which a program reaches the database, through a pool of `poolSize` server
 *   connections where there is one
 */
export function testTenantConnections(
  way: string,
  addressThrough: (url: string, poolSize: number) => Promise<string>,
): void {
  describe(`tenants' connections, ${way}`, () => {
    test("200 queries at once, over ten tenants and three connections", async () => {
      const tenants = Array.from({ length: 10 }, (_, index) => `t${index}`);
      const { open, url } = await setUp(tenants);
      const pooled = await addressThrough(url, 2);
      const fleet = open({ pool: { max: 3 } }, pooled);
      const results = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const tenant = `t${index % 10}`;
          const { auth: own } = fleet.tenant(tenant);
          if (index % 3 === 0)
            return own.transaction(async (tx) => {
              const [row] = await tx.insert(users).values({ name: tenant }).returning();
              expect(row?.name).toBe(tenant);
              return (await tx.select().from(users)).every(({ name }) => name === tenant);
            });
          const names = await namesOf(fleet, tenant);
          return names.length > 0 && names.every((name) => name === tenant);
        }),
      );
      expect(results).toEqual(results.map(() => true));
    });

    test("what one tenant's code leaves on a connection does not reach another", async () => {
      const { open, url, database } = await setUp();
      const fleet = open(
        { pool: { max: 1 }, applicationName: "shop" },
        await addressThrough(url, 1),
      );
      const { auth: acme } = fleet.tenant("acme");
      const { auth: beta } = fleet.tenant("beta");
      const backend = () => scalarOf(beta, "pg_backend_pid()");
      const before = await backend();
      const untouched = await scalarOf(beta, "current_setting('work_mem')");
      await acme.execute(sql.raw("SET search_path = auth_acme; SET work_mem = '17MB'"));
      await acme.execute(sql`SET default_transaction_read_only = on`);
      await acme.execute(sql`SET statement_timeout = '1h'`);
      expect(await namesOf(fleet, "beta")).toEqual(["beta"]);
      await beta.insert(users).values({ name: "written" });
      expect(await scalarOf(beta, "current_setting('work_mem')")).toBe(untouched);
      expect(await scalarOf(beta, "current_setting('statement_timeout')")).toBe("0");
      expect(await scalarOf(beta, "current_setting('application_name')")).toBe("shop");

      await acme.execute(sql`CREATE TEMP TABLE users AS SELECT 1 AS id, 'acme''s' AS name`);
      expect(await namesOf(fleet, "beta")).toEqual(["beta", "written"]);
      await acme.execute(sql`PREPARE all_users AS SELECT name FROM users`);
      expect((await beta.execute(sql`EXECUTE all_users`)).rows[0]).toEqual({ name: "beta" });
      await acme.execute(sql`DECLARE kept CURSOR WITH HOLD FOR SELECT name FROM users`);
      await expect(beta.execute(sql`FETCH ALL FROM kept`)).rejects.toMatchObject({
        cause: { code: "34000" },
      });
      await acme.execute(sql`SELECT nextval('users_id_seq')`);
      await expect(beta.execute(sql`SELECT lastval()`)).rejects.toMatchObject({
        cause: { code: "55000" },
      });
      await acme.execute(sql`LISTEN gossip`);
      expect((await beta.execute(sql`SELECT pg_listening_channels()`)).rows).toEqual([]);
      await acme.execute(sql`SELECT pg_advisory_lock(4712)`);
      // The lock is gone even while the connection is idle.
      expect(await database.query(`SELECT FROM pg_locks WHERE objid = 4712`)).toEqual([]);
      expect(await backend()).toBe(before);
    });

    test("unknown, archived and unfinished tenants are refused, and nothing is run", async () => {
      const { open, database, role, url } = await setUp();
      await database.query(`CREATE SCHEMA auth_new; CREATE TABLE auth_new.users (id int, name text);
      CREATE TABLE public.users (id int, name text); GRANT ALL ON public.users TO ${role};
      REVOKE USAGE ON SCHEMA auth_beta FROM ${role}`);
      const fleet = open({ pool: { max: 1 } }, await addressThrough(url, 1));
      for (const tenant of ["ghost", "beta", "new"]) {
        const { auth: none } = fleet.tenant(tenant);
        const message =
          tenant === "ghost"
            ? "tenant ghost has no schema auth_ghost for service auth"
            : `role ${role} has no access to schema auth_${tenant} (tenant ${tenant}, service auth)`;
        const expected = { code: "tenant", message: expect.stringContaining(message) };
        const insert = none.insert(users).values({ id: 1, name: "x" });
        expect(await refusalOf(insert)).toMatchObject(expected);
        let called = false;
        const transaction = none.transaction(async () => {
          called = true;
        });
        expect(await refusalOf(transaction)).toMatchObject(expected);
        expect(called).toBe(false);
        const versioned = open({ minVersion: { auth: "0000_users" } }).tenant(tenant).auth;
        expect(await refusalOf(versioned.select().from(users))).toMatchObject(expected);
        expect(await refusalOf(fleet.atLeast(tenant, "auth", "0000_users"))).toMatchObject(
          expected,
        );
      }
      expect(await database.query("SELECT FROM public.users")).toEqual([]);
      // The connection still works.
      expect(await namesOf(fleet, "acme")).toEqual(["acme"]);
    });
  });
}

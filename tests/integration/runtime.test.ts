import { execFile, execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import { Lease } from "../../src/postgres/lease.ts";
import { createPool } from "../../src/postgres/pool.ts";
import { openFleet } from "../../src/runtime/open.ts";
import { TenantPool } from "../../src/runtime/tenant-pool.ts";
import { createRole, urlWith } from "../support/database.ts";
import { repository } from "../support/repository.ts";
import { testTenantConnections } from "../support/runtime-connections.ts";
import {
  type auth,
  events,
  fleetInput,
  namesOf,
  posts,
  refusalOf,
  scalarOf,
  schemas,
  setUp,
  users,
} from "../support/runtime-fleet.ts";

testTenantConnections("directly", async (url) => url);

describe("queries", () => {
  test("return each tenant's own rows, with every query API of Drizzle", async () => {
    const { open } = await setUp();
    const fleet = open();
    const { auth: acme } = fleet.tenant("acme");
    expect(await namesOf(fleet, "acme")).toEqual(["acme"]);
    expect(await namesOf(fleet, "beta")).toEqual(["beta"]);
    await acme.insert(posts).values({ author: 1 });
    expect(await acme.query.users.findMany({ with: { posts: true } })).toEqual([
      { id: 1, name: "acme", posts: [{ id: 1, author: 1 }] },
    ]);
    expect(await fleet.tenant("beta").auth.$count(posts)).toBe(0);
    const several: unknown = await acme.execute(
      sql.raw("SELECT name FROM users; SELECT count(*)::int AS posts FROM posts"),
    );
    expect(several).toMatchObject([{ rows: [{ name: "acme" }] }, { rows: [{ posts: 1 }] }]);
    const { rows } = await acme.execute(
      sql`SELECT CASE WHEN true THEN name END AS name FROM users`,
    );
    expect(rows).toEqual([{ name: "acme" }]);
    await fleet.service.ingestion.insert(events).values({ kind: "login" });
    expect(await fleet.service.ingestion.select().from(events)).toEqual([{ id: 1, kind: "login" }]);
    expect(await scalarOf(fleet.service.ingestion, "current_setting('search_path')")).toBe(
      `ingestion, public`,
    );
  });

  test("are typed by the services' schemas", async () => {
    const { open } = await setUp();
    const fleet = open();
    expectTypeOf(fleet.tenant("acme").auth).toEqualTypeOf<NodePgDatabase<typeof auth>>();
    const select = () => fleet.tenant("acme").auth.select().from(users);
    expectTypeOf(select).returns.resolves.toEqualTypeOf<{ id: number; name: string }[]>();
    // @ts-expect-error no such service
    expect(fleet.tenant("acme").nothing).toBeUndefined();
    // @ts-expect-error no such service
    await expect(fleet.atLeast("acme", "nothing", "0000")).rejects.toMatchObject({ code: "usage" });
    // @ts-expect-error no such service
    expect(() => open({ minVersion: { nothing: "0000" } })).toThrow(
      'service "nothing" does not exist',
    );
    expect(() => open({ schemas: { ...schemas, nothing: {} } as typeof schemas })).toThrow(
      'service "nothing" does not exist',
    );
    expect(() => fleet.service.auth).toThrow("has a schema for each tenant");
    expect(() => fleet.tenant("acme").ingestion).toThrow("has a single schema");
  });

  test("prepared once, run in each tenant, even if column types differ", async () => {
    const { open, database } = await setUp();
    await database.query(`ALTER TABLE auth_beta.users ALTER COLUMN id TYPE bigint`);
    const fleet = open({ pool: { max: 1 } });
    const prepared = (tenant: string) =>
      fleet.tenant(tenant).auth.select().from(users).where(sql`name <> ${"x"}`).prepare("all");
    for (const tenant of ["acme", "beta", "acme"])
      expect((await prepared(tenant).execute())[0]?.name).toBe(tenant);
  });
});

describe("transactions", () => {
  test("commit, roll back, and nest", async () => {
    const { open } = await setUp();
    const fleet = open();
    const { auth: acme } = fleet.tenant("acme");
    await acme.transaction(async (tx) => {
      await tx.insert(users).values({ name: "kept" });
      await expect(
        tx.transaction(async (inner) => {
          await inner.insert(users).values({ name: "lost" });
          await inner.execute(sql`SELECT CASE WHEN name > '' THEN 1 / 0 END FROM users`);
        }),
      ).rejects.toMatchObject({ cause: { code: "22012" } });
      await tx.transaction((inner) => inner.insert(users).values({ name: "nested" }));
    });
    const failure = new Error("no");
    await expect(
      acme.transaction(async (tx) => {
        await tx.insert(users).values({ name: "lost" });
        throw failure;
      }),
    ).rejects.toBe(failure);
    await expect(acme.transaction(async (tx) => tx.rollback())).rejects.toThrow("Rollback");
    // The constraint is deferred, so it fails at the commit.
    await expect(acme.insert(posts).values({ author: 99 })).rejects.toMatchObject({
      cause: { code: "23503" },
    });
    await expect(
      acme.transaction((tx) => tx.insert(posts).values({ author: 99 })),
    ).rejects.toMatchObject({ cause: { code: "23503" } });
    expect(await namesOf(fleet, "acme")).toEqual(["acme", "kept", "nested"]);
  });

  test("use the requested isolation level and access mode, and can use cursors", async () => {
    const { open } = await setUp();
    const { auth: acme } = open().tenant("acme");
    const config = { isolationLevel: "serializable", accessMode: "read only" } as const;
    await acme.transaction(async (tx) => {
      expect(await scalarOf(tx, "current_setting('transaction_isolation')")).toBe("serializable");
      expect(await scalarOf(tx, "current_setting('transaction_read_only')")).toBe("on");
      await tx.execute(sql`DECLARE c CURSOR FOR SELECT name FROM users`);
      expect((await tx.execute(sql`FETCH ALL FROM c`)).rows).toEqual([{ name: "acme" }]);
    }, config);
  });

  test("do not run a statement after a COMMIT that the application sent", async () => {
    const { open } = await setUp();
    const fleet = open({ pool: { max: 1 } });
    const { auth: acme } = fleet.tenant("acme");
    const endings = [
      "commit",
      "COMMIT WORK",
      "rollback",
      "/* */ end",
      "COMMIT AND CHAIN",
      "ROLLBACK AND CHAIN",
    ];
    for (const ending of endings) {
      let path: unknown = "nothing ran";
      const refusal = await refusalOf(
        acme.transaction(async (tx) => {
          await tx.insert(users).values({ name: ending });
          const ended = tx.execute(sql.raw(ending)).execute();
          // Not even if it is sent before the server has answered the COMMIT.
          path = await scalarOf(tx, "current_setting('search_path')").finally(() => ended);
        }),
      );
      expect(refusal, ending).toMatchObject({
        code: "usage",
        message: expect.stringContaining(
          "auth/acme: a statement was sent after the transaction ended",
        ),
      });
      expect(path).toBe("nothing ran");
      // The caller would not notice that it did not commit, so it is an error.
      const silent = acme.transaction((tx) => tx.execute(sql.raw(ending)));
      expect(await refusalOf(silent), ending).toMatchObject({ code: "usage" });
    }
    const smuggled = sql.raw("COMMIT; SELECT current_setting('search_path')");
    expect(await refusalOf(acme.execute(smuggled))).toMatchObject({ cause: { code: "42601" } });
    expect(await namesOf(fleet, "acme")).toEqual([
      "acme",
      "commit",
      "COMMIT WORK",
      "/* */ end",
      "COMMIT AND CHAIN",
    ]);
  });
});

/** What the test uses of drizzle-orm 1.0, which has types of its own. */
interface NewerDatabase {
  execute(query: unknown): Promise<{ rows: { name: string }[] }>;
  transaction(run: (tx: NewerDatabase) => Promise<unknown>, config?: object): Promise<unknown>;
}

test("drizzle-orm 1.0 runs its queries in the tenant's schema", async () => {
  const { database, url } = await setUp();
  const { resolve } = createRequire(new URL("../drizzle-1/package.json", import.meta.url));
  const load = (name: string) => import(pathToFileURL(resolve(name)).href);
  const newer = await load("drizzle-orm");
  const { drizzle } = await load("drizzle-orm/node-postgres");
  const address = { name: "main", url };
  const pool = createPool(address, {
    max: 1,
    idleTimeoutMs: 1_000,
    connectTimeoutMs: 3_000,
    applicationName: "newer",
  });
  onTestFinished(() => pool.end());
  const databaseOf = (tenant: string): NewerDatabase => {
    const target = { database: "main", service: "auth", tenant, schema: `auth_${tenant}` };
    const binding = {
      ...{ target, sharedSchemas: [], minVersion: undefined },
      ...{ ownRole: false, registry: false },
    };
    const client = new TenantPool(binding, () => Lease.take(pool, address, 3_000));
    return drizzle({ client });
  };
  const insert = (name: string) => newer.sql`INSERT INTO users (name) VALUES (${name})`;
  const acme = databaseOf("acme");
  const readOnly = acme.transaction((tx) => tx.execute(insert("lost")), {
    accessMode: "read only",
  });
  await expect(readOnly).rejects.toMatchObject({ cause: { code: "25006" } });
  await acme.transaction(async (tx) => {
    await tx.execute(insert("kept"));
    const inner = tx.transaction(async (nested) => {
      await nested.execute(insert("lost"));
      throw new Error("no");
    });
    await expect(inner).rejects.toThrow("no");
  });
  const { rows } = await acme.execute(newer.sql`SELECT name FROM users ORDER BY id`);
  expect(rows).toEqual([{ name: "acme" }, { name: "kept" }]);
  const ghost = databaseOf("ghost");
  expect(await refusalOf(ghost.execute(insert("lost")))).toMatchObject({ code: "tenant" });
  const transaction = ghost.transaction((tx) => tx.execute(insert("lost")));
  expect(await refusalOf(transaction)).toMatchObject({ code: "tenant" });
  expect(await database.query("SELECT name FROM auth_beta.users")).toEqual([{ name: "beta" }]);
});

test("Drizzle's logger receives only the application's queries", async () => {
  const { open } = await setUp();
  const logged: string[] = [];
  const fleet = open({ logger: { logQuery: (query) => void logged.push(query) } });
  await namesOf(fleet, "acme");
  expect(logged).toEqual([expect.stringMatching(/^select .*"name" from "users"/)]);
});

describe("what one tenant's query leaves on a connection", () => {
  test("is reset if it is a role", async () => {
    const { open, database, role } = await setUp();
    const other = await createRole(database, { mayCreate: false });
    await database.query(`GRANT ${other.role} TO ${role}`);
    const fleet = open({ pool: { max: 1 } });
    await fleet.tenant("acme").auth.execute(sql.raw(`SET ROLE ${other.role}`));
    expect(await scalarOf(fleet.tenant("beta").auth, "current_user")).toBe(role);
  });
});

describe("refuses without running the query", () => {
  test("an id that no tenant can have, without connecting", async () => {
    const { open, url } = await setUp();
    const fleet = open({}, urlWith(url, { port: "1" }));
    const hostile = [
      `x", public; DROP SCHEMA auth_acme; --`,
      "",
      "a'b",
      "$user",
      "a/../b",
      "x".repeat(70),
      "e\u0301",
      // Its schema, auth_log_acme, would be that of tenant acme for the pattern auth_log_{tenant}.
      "log_acme",
    ];
    for (const id of hostile)
      expect(() => fleet.tenant(id), id).toThrow(expect.objectContaining({ code: "tenant" }));
    // Listing the tenant in the configuration settles whose schema it is.
    const listed = defineFleet(fleetInput("x", url, ["log_acme"]));
    const own = openFleet(listed, { schemas, environment: {} });
    expect(own.tenant("log_acme")).toBe(own.tenant("log_acme"));
    await own.close();
  });

  test("a tenant that lacks minVersion", async () => {
    const { open, database } = await setUp();
    await database.query(`DELETE FROM auth_beta.__fleet_ledger WHERE tag = '0001_posts';
      UPDATE auth_acme.__fleet_ledger SET applied = 0 WHERE tag = '0000_users'`);
    const fleet = open();
    expect(await fleet.atLeast("acme", "auth", "0001_posts")).toBe(true);
    expect(await fleet.atLeast("beta", "auth", "0001_posts")).toBe(false);
    // A migration that has only begun is not applied.
    expect(await fleet.atLeast("acme", "auth", "0000_users")).toBe(false);
    expect(await fleet.atLeast(undefined, "ingestion", "0000_events")).toBe(true);
    const newer = open({ minVersion: { auth: "0001_posts" }, pool: { max: 1 } });
    expect(await refusalOf(newer.tenant("beta").auth.select().from(users))).toMatchObject({
      code: "tenant",
      message: "tenant beta does not have migration 0001_posts of service auth yet",
      remedy: expect.stringContaining("drizzle-fleet migrate --service auth --tenant beta"),
    });
    expect(await namesOf(newer, "acme")).toEqual(["acme"]);
    await database.query(`DROP TABLE auth_beta.__fleet_ledger`);
    expect(await refusalOf(newer.tenant("beta").auth.select().from(users))).toMatchObject({
      code: "tenant",
      message:
        "schema auth_beta (tenant beta, service auth) has no ledger, so its version is unknown",
    });
  });

  test("a program whose database is not configured", () => {
    const definition = defineFleet({ ...fleetInput("x", "x", []), databases: { main: {} } });
    expect(() => openFleet(definition, { schemas, environment: {} })).toThrow(
      expect.objectContaining({
        code: "config",
        remedy: expect.stringContaining("drizzle-fleet dev -- <program>"),
      }),
    );
  });
});

describe("connections", () => {
  test("fail alone when the server terminates them, idle or busy", async () => {
    const { open, database, role } = await setUp();
    const fleet = open({ pool: { max: 2 } });
    const { auth: acme } = fleet.tenant("acme");
    const terminate = () =>
      database.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`,
      );
    await Promise.all([namesOf(fleet, "acme"), namesOf(fleet, "beta")]);
    await terminate();
    expect(await namesOf(fleet, "acme")).toEqual(["acme"]);
    const broken = acme.transaction(async (tx) => {
      await tx.insert(users).values({ name: "lost" });
      await terminate();
      await tx.select().from(users);
    });
    await expect(broken).rejects.toThrow("select");
    await expect(
      Promise.all([acme.execute(sql`SELECT pg_sleep(30)`), sleepThen(300, terminate)]),
    ).rejects.toThrow("pg_sleep");
    expect(await namesOf(fleet, "acme")).toEqual(["acme"]);
  });

  test("are replaced if the server closed them while they were idle", async () => {
    const { open, database, role } = await setUp();
    const fleet = open({ pool: { max: 1 } });
    await namesOf(fleet, "acme");
    const terminate = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`;
    // While this process waits, it cannot notice that its connection was closed.
    const script = `const { Client } = require("pg"); const client = new Client(process.argv[1]);
      client.connect().then(() => client.query(process.argv[2])).then(() => client.end());`;
    execFileSync(process.execPath, ["-e", script, database.url, terminate], { cwd: repository });
    expect(await namesOf(fleet, "beta")).toEqual(["beta"]);
  });

  test("cause an error if none becomes free within connectTimeout", async () => {
    const { open, url } = await setUp();
    const nobody = open({}, urlWith(url, { port: "1" }));
    expect(await refusalOf(namesOf(nobody, "acme"))).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("within 3 s"),
    });
    const fleet = open({ pool: { max: 1 } });
    const waits = fleet.tenant("acme").auth.transaction(() => namesOf(fleet, "beta"));
    expect(await refusalOf(waits)).toMatchObject({
      code: "unreachable",
      remedy: expect.stringContaining("pool.max"),
    });
  });

  test("are closed after running queries finish; later queries are refused", async () => {
    const { open, url } = await setUp();
    const fleet = open();
    const running = fleet.tenant("acme").auth.execute(sql`SELECT pg_sleep(0.3)`).execute();
    await namesOf(fleet, "acme");
    await Promise.all([fleet.close(), fleet.close(), running]);
    expect(await refusalOf(namesOf(fleet, "acme"))).toMatchObject({ code: "usage" });

    const program = `
      import { defineFleet } from "drizzle-fleet/config";
      import { openFleet } from "drizzle-fleet/runtime";
      import { pgTable, text } from "drizzle-orm/pg-core";
      const users = pgTable("users", { name: text() });
      const definition = defineFleet(${JSON.stringify(fleetInput("postgresql://x/x", url, []))});
      const fleet = openFleet(definition, { schemas: { auth: { users } } });
      console.log((await fleet.tenant("beta").auth.select().from(users))[0].name);
      await fleet.close();`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", program],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), timeout: 8_000 },
    );
    expect(stdout).toBe("beta\n");
  });
});

async function sleepThen(ms: number, then: () => Promise<unknown>): Promise<void> {
  await new Promise((done) => setTimeout(done, ms));
  await then();
}

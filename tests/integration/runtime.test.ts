import { execFile, execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { contextFor } from "../../src/cli/context.ts";
import { defineFleet } from "../../src/config/define.ts";
import { history } from "../../src/operations/history.ts";
import { Lease } from "../../src/postgres/lease.ts";
import { createPool } from "../../src/postgres/pool.ts";
import { fleetErrorOf, openFleet } from "../../src/runtime/open.ts";
import { TenantPool } from "../../src/runtime/tenant-pool.ts";
import { createRole, urlWith } from "../support/database.ts";
import { type auth, events, posts, schemas, users } from "../support/runtime-fleet.ts";

const files = {
  ...history("drizzle/auth", {
    "0000_users": `CREATE TABLE "users" ("id" serial PRIMARY KEY, "name" text NOT NULL);`,
    "0001_posts": `CREATE TABLE "posts" ("id" serial PRIMARY KEY, "author" integer NOT NULL REFERENCES "users" DEFERRABLE INITIALLY DEFERRED);`,
  }),
  ...history("drizzle/ingestion", {
    "0000_events": `CREATE TABLE "events" ("id" serial PRIMARY KEY, "kind" text NOT NULL);`,
  }),
};

function fleetInput(url: string, applicationUrl: string, tenants: readonly string[]): FleetInput {
  const service = { database: "main" };
  return {
    databases: { main: { url, applicationUrl } },
    services: {
      auth: { ...service, schema: "./auth", out: "./drizzle/auth", tenantSchema: "auth_{tenant}" },
      audit: {
        ...service,
        schema: "./audit",
        out: "./drizzle/none",
        tenantSchema: "auth_log_{tenant}",
      },
      ingestion: {
        ...service,
        schema: "./ingestion",
        out: "./drizzle/ingestion",
        singleSchema: "ingestion",
        sharedSchemas: ["public"],
      },
    },
    tenants: [...tenants],
    connectTimeout: 3_000,
  };
}

interface Setup {
  readonly database: TestDatabase;
  readonly role: string;
  readonly url: string;
  readonly input: FleetInput;
  open(
    options?: Partial<RuntimeOptions<typeof schemas>>,
    url?: string,
  ): ReturnType<typeof openFleet<typeof schemas>>;
}

/** Migrated tenants, each with one user named after it, and an application role with access to them. */
async function setUp(tenants: readonly string[] = ["acme", "beta"]): Promise<Setup> {
  const database = await createDatabase();
  const owner = await createRole(database);
  const { role, url } = await createRole(database, { mayCreate: false });
  const root = await createFolder(files);
  const input = fleetInput(owner.url, url, tenants);
  const result = await migrateAll(contextFor(root, input), { services: ["auth", "ingestion"] });
  expect(result.outcomes.map(({ status }) => status)).not.toContain("failed");
  const names = ["ingestion", ...tenants.map((tenant) => `auth_${tenant}`)];
  const grants = names.map(
    (name) =>
      `GRANT USAGE ON SCHEMA "${name}" TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA "${name}" TO ${role};
       GRANT ALL ON ALL SEQUENCES IN SCHEMA "${name}" TO ${role};`,
  );
  const rows = tenants.map(
    (tenant) => `INSERT INTO "auth_${tenant}".users (name) VALUES ('${tenant}');`,
  );
  const name = new URL(database.url).pathname.slice(1);
  await database.query(
    `${grants.join("\n")}${rows.join("\n")} GRANT TEMPORARY ON DATABASE ${name} TO ${role}`,
  );
  const open: Setup["open"] = (options = {}, way = url) => {
    const definition = defineFleet({
      ...input,
      databases: { main: { url: owner.url, applicationUrl: way } },
    });
    const fleet = openFleet(definition, { schemas, environment: {}, ...options });
    onTestFinished(() => fleet.close());
    return fleet;
  };
  return { database, role, url, input, open };
}

type AnyFleet = ReturnType<Setup["open"]>;

const namesOf = async (fleet: AnyFleet, tenant: string) =>
  (await fleet.tenant(tenant).auth.select().from(users).orderBy(asc(users.id))).map(
    ({ name }) => name,
  );

const refusalOf = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => fleetErrorOf(error) ?? error,
  );

async function scalarOf(
  database: { execute: NodePgDatabase["execute"] },
  expression: string,
): Promise<unknown> {
  const { rows } = await database.execute(sql.raw(`SELECT ${expression} AS value`));
  return rows[0]?.value;
}

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
    expect(() => open({ minVersion: { nothing: "0000" } })).toThrow('no service "nothing"');
    expect(() => open({ schemas: { ...schemas, nothing: {} } as typeof schemas })).toThrow(
      'no service "nothing"',
    );
    expect(() => fleet.service.auth).toThrow("has a schema for each tenant");
    expect(() => fleet.tenant("acme").ingestion).toThrow("has a single schema");
  });

  test.each(["directly", "through PgBouncer"])(
    "run concurrently for ten tenants on three connections, %s",
    async (way) => {
      const tenants = Array.from({ length: 10 }, (_, index) => `t${index}`);
      const { open, url } = await setUp(tenants);
      const pooled = way === "directly" ? url : await pooler(url, 2);
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
    },
  );

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
    // PostgreSQL checks the deferred foreign key at the commit.
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
          // Nor a statement that is sent before the COMMIT is answered.
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
      // Without an error the application would not learn that its transaction had already ended.
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

/** The parts of drizzle-orm 1.0 that the test uses. Its own types differ from those of 0.45. */
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
  test.each(["directly", "through PgBouncer"])(
    "does not affect another tenant, %s",
    async (way) => {
      const { open, url, database } = await setUp();
      const fleet = open(
        { pool: { max: 1 }, applicationName: "shop" },
        way === "directly" ? url : await pooler(url, 1),
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
      // Not even while the connection is idle.
      expect(await database.query(`SELECT FROM pg_locks WHERE objid = 4712`)).toEqual([]);
      expect(await backend()).toBe(before);
    },
  );

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
  test.each(["directly", "through PgBouncer"])(
    "a tenant that is unknown, archived or still being created, %s",
    async (way) => {
      const { open, database, role, url } = await setUp();
      await database.query(`CREATE SCHEMA auth_new; CREATE TABLE auth_new.users (id int, name text);
        CREATE TABLE public.users (id int, name text); GRANT ALL ON public.users TO ${role};
        REVOKE USAGE ON SCHEMA auth_beta FROM ${role}`);
      const fleet = open({ pool: { max: 1 } }, way === "directly" ? url : await pooler(url, 1));
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
      // The connection can still be used.
      expect(await namesOf(fleet, "acme")).toEqual(["acme"]);
    },
  );

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
      // auth_log_{tenant} has a tenant acme.
      "log_acme",
    ];
    for (const id of hostile)
      expect(() => fleet.tenant(id), id).toThrow(expect.objectContaining({ code: "tenant" }));
    // If the configuration lists the tenant, the schema is known to be its own.
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
    // A migration that has begun is not applied.
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
    // This process notices only when it sends the next query.
    execFileSync("psql", ["-X", "-q", "-d", database.url, "-c", terminate]);
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

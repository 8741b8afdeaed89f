import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { createDatabase, createRole, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";
import { later } from "../support/later.ts";

const files = history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` });

async function attempt(url: string, connectTimeout = 500) {
  const context = contextFor(await createFolder(files), appFleet(url, ["a"], { connectTimeout }));
  return migrateAll(context).catch((error) => error);
}

/** A local port that no process listens on. */
function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}

describe("a connection to a database", () => {
  test("that is unreachable fails after a limited time, and names host and port", async () => {
    const port = await closedPort();
    const startedAt = performance.now();
    const error = await attempt(`postgresql://me:s3cret@127.0.0.1:${port}/nowhere`);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(error).toMatchObject({ code: "unreachable" });
    expect(error.message).toContain(
      `database "main" at 127.0.0.1:${port}/nowhere did not accept a connection within 0.5 s`,
    );
    expect(error.message).not.toContain("s3cret");
  });

  test("that starts while the command waits succeeds", async () => {
    const database = await createDatabase();
    const port = await closedPort();
    const { hostname, port: realPort } = new URL(database.url);
    const { connect } = await import("node:net");
    const late = createServer((socket) => {
      const upstream = connect(Number(realPort), hostname);
      socket.pipe(upstream).pipe(socket);
      for (const end of [socket, upstream]) end.on("error", () => undefined);
    });
    setTimeout(() => late.listen(port, "127.0.0.1"), 400);
    const result = await attempt(
      urlWith(database.url, { hostname: "127.0.0.1", port: String(port) }),
      10_000,
    );
    late.close();
    expect(byTenant(result)).toEqual({ a: "succeeded 0000_t" });
  });

  test("whose role reads backslashes differently from the parser is refused", async () => {
    const database = await createDatabase();
    const { role, url } = await createRole(database);
    await database.query(`ALTER ROLE ${role} SET standard_conforming_strings = off`);
    expect(await attempt(url)).toMatchObject({
      code: "config",
      message: expect.stringContaining("standard_conforming_strings = off"),
    });
  });

  test("with a wrong password, or that does not exist, fails at once, without showing the password", async () => {
    const { url } = await createDatabase();
    const wrong = await attempt(
      urlWith(url, { username: "nobody_here", password: "s3cret" }),
      30_000,
    );
    expect(wrong).toMatchObject({
      code: "config",
      remedy: "Correct the user or the password in the connection URL.",
    });
    expect(JSON.stringify([wrong.message, wrong.remedy])).not.toContain("s3cret");
    const missing = await attempt(urlWith(url, { pathname: "/no_such_database" }), 30_000);
    expect(missing).toMatchObject({ code: "config" });
    expect(missing.message).toContain("SQLSTATE 3D000");
  });
});

describe("an ordinary role", () => {
  test("that can create schemas and is not a superuser can migrate", async () => {
    const { url } = await createRole(await createDatabase());
    expect(byTenant(await attempt(url))).toEqual({ a: "succeeded 0000_t" });
  });
});

describe("connections", () => {
  const tenants = Array.from({ length: 12 }, (_, index) => `t${index}`);
  const slow = history("drizzle/app", { "0000_t": `SELECT pg_sleep(0.3);` });

  test("are no more than the role, the database and the server allow", async () => {
    const database = await createDatabase();
    const { url } = await createRole(database, { attributes: "CONNECTION LIMIT 3" });
    const root = await createFolder(slow);
    const result = await migrateAll(contextFor(root, appFleet(url, tenants, { concurrency: 6 })));
    expect(result.outcomes.map(({ status }) => status)).toEqual(Array(12).fill("succeeded"));
    // The limit is three connections, and one of them records the outcomes.
    expect(result.events.filter(({ type }) => type === "concurrencyLowered")).toMatchObject([
      { database: "main", to: 2 },
    ]);
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} CONNECTION LIMIT 3`);
    const more = appFleet(url, [...tenants, "more"], { concurrency: 6 });
    const next = await migrateAll(contextFor(root, more));
    expect(next.events).toContainEqual(
      expect.objectContaining({ type: "concurrencyLowered", to: 1 }),
    );
  });

  test("that the server refuses lower the concurrency, and no target fails", async () => {
    const database = await createDatabase();
    const { role, url } = await createRole(database);
    const context = contextFor(
      await createFolder(slow),
      appFleet(url, tenants, { concurrency: 6, connectTimeout: 5_000 }),
    );
    // The role's limit is lowered after the plan was made.
    const limit = { canary: "1", soakMs: 300 };
    const result = await migrateAll(context, limit, ({ type }) => {
      if (type === "soakStarted") void database.query(`ALTER ROLE ${role} CONNECTION LIMIT 4`);
    });
    expect(result.outcomes.map(({ status }) => status)).toEqual(Array(12).fill("succeeded"));
    const lowered = result.events.filter((event) => event.type === "concurrencyLowered");
    expect(lowered.map(({ to }) => to)).toEqual([5, 4, 3]);
    expect(lowered[0]?.reason).toContain("too many connections");
  });

  test("are used one after the other if there is only one, and outcomes are recorded last", async () => {
    const database = await createDatabase();
    const { url } = await createRole(database, { attributes: "CONNECTION LIMIT 1" });
    const root = await createFolder(slow);
    const context = contextFor(root, appFleet(url, ["a", "b"], { concurrency: 6 }));
    const { outcomes } = await migrateAll(context);
    expect(outcomes.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(await database.query(`SELECT schema FROM drizzle_fleet.outcomes ORDER BY 1`)).toEqual([
      { schema: "app_a" },
      { schema: "app_b" },
    ]);
  });

  test("are awaited by only one worker if all are refused at the same time", async () => {
    const database = await createDatabase();
    const { role, url } = await createRole(database);
    const context = contextFor(
      await createFolder(slow),
      appFleet(url, tenants, { concurrency: 4, connectTimeout: 15_000 }),
    );
    const result = await migrateAll(context, { canary: "1", soakMs: 200 }, ({ type }) => {
      if (type !== "soakStarted") return;
      void database.query(`ALTER ROLE ${role} CONNECTION LIMIT 1`);
      later(1_500, () => database.query(`ALTER ROLE ${role} CONNECTION LIMIT 2`));
    });
    expect(result.outcomes.map(({ status }) => status)).toEqual(Array(12).fill("succeeded"));
  });

  test("are renewed after a number of targets, so that backends do not grow", async () => {
    const database = await createDatabase();
    const many = Array.from({ length: 450 }, (_, index) => `t${index}`);
    const root = await createFolder(
      history("drizzle/app", {
        "0000_pid": `CREATE TABLE "pid" AS SELECT pg_backend_pid() AS pid;`,
      }),
    );
    const { outcomes } = await migrateAll(
      contextFor(root, appFleet(database.url, many, { concurrency: 1 })),
    );
    expect(outcomes.every(({ status }) => status === "succeeded")).toBe(true);
    const pids = await database.query<{ pid: number }>(
      many.map((tenant) => `SELECT pid FROM app_${tenant}.pid`).join(" UNION ALL "),
    );
    expect(new Set(pids.map(({ pid }) => pid)).size).toBe(3);
  });
});

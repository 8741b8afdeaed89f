import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { createDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

const files = history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` });

async function attempt(url: string, connectTimeout = 500) {
  const context = contextFor(await createFolder(files), appFleet(url, ["a"], { connectTimeout }));
  return migrateAll(context).catch((error) => error);
}

/** A port of this machine that nobody listens on. */
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

describe("a database that cannot be used", () => {
  test("unreachable: waits for a bounded time, then names host and port", async () => {
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

  test("a server that starts while we wait is used", async () => {
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

  test("a wrong password and a missing database are said at once, without the password", async () => {
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
  test("that may create schemas, and is no superuser, migrates", async () => {
    const database = await createDatabase();
    const role = `migrator_${Math.random().toString(36).slice(2)}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
    const [{ name } = { name: "" }] = await database.query<{ name: string }>(
      `SELECT current_database() AS name`,
    );
    await database.query(`GRANT CREATE ON DATABASE ${name} TO ${role}`);
    const result = await attempt(urlWith(database.url, { username: role, password: "plain" }));
    expect(byTenant(result)).toEqual({ a: "succeeded 0000_t" });
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  test("that may not create the schema fails with the right it lacks", async () => {
    const database = await createDatabase();
    const role = `reader_${Math.random().toString(36).slice(2)}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
    const result = await attempt(urlWith(database.url, { username: role, password: "plain" }));
    expect(result.outcomes[0]).toMatchObject({ status: "failed", failure: { sqlstate: "42501" } });
    await database.query(`DROP ROLE ${role}`);
  });

  test("that may open few connections migrates with those it gets", async () => {
    const database = await createDatabase();
    const role = `few_${Math.random().toString(36).slice(2)}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'plain' CONNECTION LIMIT 3`);
    const [{ name } = { name: "" }] = await database.query<{ name: string }>(
      `SELECT current_database() AS name`,
    );
    await database.query(`GRANT CREATE ON DATABASE ${name} TO ${role}`);
    const tenants = Array.from({ length: 12 }, (_, index) => `t${index}`);
    const url = urlWith(database.url, { username: role, password: "plain" });
    const slow = history("drizzle/app", { "0000_t": `SELECT pg_sleep(0.3);` });
    const context = contextFor(
      await createFolder(slow),
      appFleet(url, tenants, { concurrency: 6, connectTimeout: 300 }),
    );
    const { outcomes } = await migrateAll(context);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(12).fill("succeeded"));
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DatabaseAddress, TlsSettings } from "../../src/core/database.ts";
import { createPool } from "../../src/postgres/pool.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createAuthority, serveTls } from "../support/certificates.ts";
import { createProject, runCli } from "../support/cli.ts";
import { urlWith } from "../support/database.ts";
import { history } from "../support/fleet.ts";
import { createOwnServer, type OwnServer } from "../support/own-server.ts";

const weakest = ["disable", "allow", "prefer"] as const;
const modes = [...weakest, "require", "verify-ca", "verify-full"] as const;

/** An address of the server, with TLS parameters in its URL, separate TLS settings, or both. */
function addressOf(
  server: OwnServer,
  parameters: Readonly<Record<string, string>>,
  { tls, host = "localhost" }: { tls?: TlsSettings; host?: string } = {},
): DatabaseAddress {
  const url = new URL(urlWith(server.urlAt(server.port), { hostname: host }));
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { name: "main", url: url.href, tls };
}

/** @returns whether the connection is encrypted, or the error's message with its remedy */
async function attempt(address: DatabaseAddress): Promise<"encrypted" | "clear" | string> {
  const startedAt = performance.now();
  const use = { waitMs: 30_000 };
  return withSession(address, use, async (session) => {
    const [row] = await session.query<{ ssl: boolean }>(
      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    return row?.ssl === true ? "encrypted" : "clear";
  }).catch((error) => {
    expect(error).toMatchObject({ name: "FleetError", code: "config" });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(error.message + error.remedy).not.toContain(new URL(address.url).password);
    return `${error.message} -> ${error.remedy}`;
  });
}

describe("TLS", () => {
  test("works in each mode, with the right, a wrong or no certificate authority", async () => {
    const server = await createOwnServer(54_610);
    const right = await createAuthority("right");
    const wrong = await createAuthority("wrong");
    const to = (sslmode: string, more: Record<string, string> = {}, host = "localhost") =>
      attempt(addressOf(server, { sslmode, ...more }, { host }));

    for (const mode of weakest) expect(await to(mode), mode).toBe("clear");
    for (const mode of modes.slice(3)) {
      expect(await to(mode), mode).toMatch(
        /refused the connection: The server does not support SSL connections -> .*sslmode/,
      );
    }

    await serveTls(server, await right.sign("server", "DNS:localhost"));
    expect(await attempt(addressOf(server, {}))).toBe("clear");
    expect(await to("disable")).toBe("clear");
    for (const mode of ["allow", "prefer", "require"])
      expect(await to(mode), mode).toBe("encrypted");
    for (const mode of ["verify-ca", "verify-full"])
      expect(await to(mode), mode).toMatch(/certificate.* -> Set sslrootcert/);

    const trusted = { sslrootcert: right.certificate };
    const untrusted = { sslrootcert: wrong.certificate };
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      expect(await to(mode, trusted), mode).toBe("encrypted");
      expect(await to(mode, untrusted), mode).toMatch(/certificate.* -> Set sslrootcert/);
    }
    // The certificate is for localhost, not for an address.
    for (const mode of ["require", "verify-ca"])
      expect(await to(mode, trusted, "127.0.0.1"), mode).toBe("encrypted");
    expect(await to("verify-full", trusted, "127.0.0.1")).toMatch(/127\.0\.0\.1.* -> .*verify-ca/);
  });

  test("is configured by the URL first, then by the settings, then by the environment", async () => {
    const server = await createOwnServer(54_620);
    const right = await createAuthority("right");
    const wrong = await createAuthority("wrong");
    await serveTls(server, await right.sign("server", "DNS:localhost"));
    const to = (parameters: Record<string, string>, tls?: TlsSettings) =>
      attempt(addressOf(server, parameters, tls === undefined ? {} : { tls }));

    for (const mode of modes) {
      const expected = mode === "disable" ? "clear" : "encrypted";
      expect(await to({}, { mode, ca: right.certificate }), mode).toBe(expected);
    }
    expect(await to({ sslmode: "disable" }, { mode: "verify-full" })).toBe("clear");
    expect(await to({ sslmode: "verify-ca" }, { ca: right.certificate })).toBe("encrypted");
    expect(
      await to({ sslrootcert: right.certificate }, { mode: "verify-full", ca: wrong.certificate }),
    ).toBe("encrypted");
    // A named authority, or the driver's own parameter, results in the strictest mode.
    expect(await to({}, { ca: right.certificate })).toBe("encrypted");
    expect(await to({}, { ca: wrong.certificate })).toContain("certificate");
    expect(await to({ ssl: "true" })).toContain("certificate");
    expect(await to({ ssl: "no-verify" })).toBe("encrypted");

    process.env.PGSSLMODE = "require";
    onTestFinished(() => {
      delete process.env.PGSSLMODE;
    });
    expect(await to({})).toBe("encrypted");
    expect(await to({}, { mode: "disable" })).toBe("clear");
  });

  test("verifies certificates for IP addresses, expired certificates and client certificates", async () => {
    const server = await createOwnServer(54_630);
    const authority = await createAuthority("right");
    const full = { sslmode: "verify-full", sslrootcert: authority.certificate };
    await serveTls(server, await authority.sign("server", "IP:127.0.0.1"));
    expect(await attempt(addressOf(server, full, { host: "127.0.0.1" }))).toBe("encrypted");
    expect(await attempt(addressOf(server, full))).toMatch(/altnames.* -> .*verify-ca/);

    await serveTls(server, await authority.sign("server", "DNS:localhost", -1));
    expect(await attempt(addressOf(server, full))).toMatch(/expired -> Renew/);
    expect(await attempt(addressOf(server, { sslmode: "require" }))).toBe("encrypted");

    await serveTls(server, await authority.sign("server", "DNS:localhost"), authority);
    const me = await authority.sign("client", "DNS:client");
    const subject = (parameters: Record<string, string>) =>
      withSession(addressOf(server, parameters), { waitMs: 1_000 }, (session) =>
        session.query("SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
      );
    const mine = { sslcert: me.certificate, sslkey: me.key };
    expect(await subject({ ...full, ...mine })).toEqual([{ client_dn: "/CN=client" }]);
    expect(await subject(full)).toEqual([{ client_dn: null }]);
    expect(await attempt(addressOf(server, { ...full, sslcert: me.certificate }))).toContain(
      "sslcert is set without sslkey",
    );
  });

  test("is negotiated directly if the URL specifies it, and other URL parameters stay in effect", async () => {
    const server = await createOwnServer(54_640);
    const authority = await createAuthority("right");
    await serveTls(server, await authority.sign("server", "DNS:localhost"));
    const direct = { sslnegotiation: "direct", sslrootcert: authority.certificate };
    const names = { application_name: "it & I?", options: "-c work_mem=5MB" };
    const rows = await withSession(
      addressOf(server, { ...names, ...direct }),
      { waitMs: 1_000 },
      (session) =>
        session.query(
          "SELECT ssl, current_setting('application_name') AS name, current_setting('work_mem') AS mem FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ),
    );
    expect(rows).toEqual([{ ssl: true, name: "it & I?", mem: "5MB" }]);
    const weak = { ...direct, sslmode: "prefer" };
    expect(await attempt(addressOf(server, weak))).toContain(
      'sslmode "prefer" is too weak for sslnegotiation=direct',
    );
  });

  test("is named as missing if the server requires it for a role", async () => {
    const server = await createOwnServer(54_670);
    const authority = await createAuthority("right");
    await server.use(async (database) => {
      await database.query("CREATE ROLE secure LOGIN PASSWORD 's3cret'");
      const [row] = await database.query<{ hba_file: string }>("SHOW hba_file");
      const rules = await readFile(row!.hba_file, "utf8");
      await writeFile(row!.hba_file, `hostnossl all secure all reject\n${rules}`);
    });
    await serveTls(server, await authority.sign("server", "DNS:localhost"));
    const as = (sslmode: string) => {
      const { url, ...rest } = addressOf(server, { sslmode });
      return attempt({ ...rest, url: urlWith(url, { username: "secure", password: "s3cret" }) });
    };
    expect(await as("require")).toBe("encrypted");
    expect(await as("disable")).toMatch(/no encryption .*-> .*Add sslmode=verify-full/);
  });

  test("prints no warning, in any mode", async () => {
    const server = await createOwnServer(54_650);
    const authority = await createAuthority("right");
    await serveTls(server, await authority.sign("server", "DNS:localhost"));
    const project = await createProject({
      "drizzle.config.ts": `import { defineFleet, env } from "drizzle-fleet/config";
export default defineFleet({
  databases: { main: { url: env("DATABASE_URI") } },
  services: { app: { schema: "./schema", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" } },
  tenants: ["a"],
});`,
      ...history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` }),
    });
    for (const sslmode of modes) {
      const { url } = addressOf(server, { sslmode, sslrootcert: authority.certificate });
      const result = await runCli(project, ["status"], { DATABASE_URI: url });
      expect(result, sslmode).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test("follows the same rules in a pool", async () => {
    const server = await createOwnServer(54_660);
    const authority = await createAuthority("right");
    const encrypted = async (address: DatabaseAddress) => {
      const pool = createPool(address, {
        applicationName: "test",
        connectTimeoutMs: 5_000,
        idleTimeoutMs: 1_000,
        max: 2,
      });
      const sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
      try {
        const results = await Promise.all([pool.query(sql), pool.query(sql), pool.query(sql)]);
        return results.map(({ rows }) => rows[0].ssl);
      } finally {
        await pool.end();
      }
    };
    const prefer = addressOf(server, { sslmode: "prefer" });
    expect(await encrypted(prefer)).toEqual([false, false, false]);
    await serveTls(server, await authority.sign("server", "DNS:localhost"));
    expect(await encrypted(prefer)).toEqual([true, true, true]);
    const full = { mode: "verify-full", ca: authority.certificate } as const;
    expect(await encrypted(addressOf(server, {}, { tls: full }))).toEqual([true, true, true]);
    await expect(
      encrypted(addressOf(server, {}, { tls: { mode: "verify-full" } })),
    ).rejects.toThrow(/certificate/);
  });
});

describe("invalid TLS settings are refused", () => {
  const url = "postgresql://me:s3cret@127.0.0.1:1/x";
  test.each([
    [
      "an unknown mode",
      "?sslmode=full",
      {},
      'sslmode "full" is not a known mode -> Set sslmode to one of',
    ],
    [
      "an unknown value of ssl",
      "?ssl=yes",
      {},
      'ssl "yes" is not a known mode -> Set sslmode to one of',
    ],
    ["a missing file", "", { ca: "/no/such.pem" }, "tls.ca /no/such.pem cannot be read: ENOENT"],
    ["a missing key", "?sslkey=/a&sslmode=prefer", {}, "sslkey is set without sslcert"],
    [
      "Node's authorities in a mode that does not check them",
      "?sslrootcert=system&sslmode=require",
      {},
      'sslmode "require" is too weak for sslrootcert=system',
    ],
  ])("%s", async (_, query, tls, words) => {
    const said = await attempt({ name: "main", url: url + query, tls });
    expect(said).toContain(`database "main": ${words}`);
  });

  test("a file without a certificate", async () => {
    const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-tls-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const ca = join(folder, "ca.pem");
    await writeFile(ca, "nothing");
    expect(await attempt({ name: "main", url, tls: { ca } })).toContain(
      `tls.ca ${ca} is not a certificate in PEM format`,
    );
  });
});

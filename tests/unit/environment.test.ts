import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applicationRole, resolveDatabases } from "../../src/config/environment.ts";
import { retiredWarnings } from "../../src/config/retired.ts";
import { type FleetInput, parseFleet } from "../../src/config/schema.ts";
import { getSecret, maskSecrets } from "../../src/config/secrets.ts";
import type { FleetError } from "../../src/core/errors.ts";
import { appFleet, createFolder } from "../support/fleet.ts";

const standard = {
  DB_HOST: "db.internal",
  DB_NAME_SERVER: "platform",
  DB_USER_ADMIN: "owner",
  DB_PASSWORD_ADMIN: "p@ss/w:rd 1",
  DB_USER_SERVER: "app",
  DB_PASSWORD_SERVER: "s?cret#2",
};

function addresses(
  environment: Record<string, string>,
  main: FleetInput["databases"][string] = { url: { environmentVariable: "MAIN_URL" } },
  role: "admin" | "application" = "admin",
) {
  const fleet = parseFleet(appFleet("x", [], { databases: { main } }));
  const databases = resolveDatabases(fleet, ["main"], environment, role);
  return databases.kind === "configured" ? databases.addresses.map(({ url }) => url) : databases;
}

function problemsOf(attempt: () => unknown): string[] {
  try {
    attempt();
  } catch (error) {
    const { problems, message } = error as FleetError;
    return problems.length > 0 ? problems.map((problem) => problem.message) : [message];
  }
  return [];
}

describe("the standard variables", () => {
  test("describe the migrating role and the application role", () => {
    expect(addresses(standard)).toEqual([
      "postgresql://owner:p%40ss%2Fw%3Ard%201@db.internal:5432/platform",
    ]);
    expect(addresses(standard, {}, "application")).toEqual([
      "postgresql://app:s%3Fcret%232@db.internal:5432/platform",
    ]);
  });

  test("are overridden by a database's own URL, and DB_NAME_SERVER by its own name", () => {
    const MAIN_URL = "postgresql://u:p@other:6000/own";
    expect(addresses({ ...standard, MAIN_URL })).toEqual([MAIN_URL]);
    expect(addresses({ ...standard, DB_PORT: "6432" }, { name: "second" })).toEqual([
      "postgresql://owner:p%40ss%2Fw%3Ard%201@db.internal:6432/second",
    ]);
    expect(addresses({ ...standard, MAIN_URL }, undefined, "application")).toEqual([
      "postgresql://app:s%3Fcret%232@other:6000/own",
    ]);
  });

  test("accept IPv6 addresses and socket folders as hosts", () => {
    expect(addresses({ ...standard, DB_HOST: "::1" })).toEqual([
      "postgresql://owner:p%40ss%2Fw%3Ard%201@[::1]:5432/platform",
    ]);
    expect(addresses({ ...standard, DB_HOST: "/var/run/postgresql" })).toEqual([
      "postgresql://owner:p%40ss%2Fw%3Ard%201@%2Fvar%2Frun%2Fpostgresql:5432/platform",
    ]);
  });

  test("report everything that is missing or malformed at once", () => {
    expect(problemsOf(() => addresses({ DB_HOST: "h", DB_PORT: "x" }))).toEqual([
      "DB_PORT is not a port number",
      'DB_NAME_SERVER is not set; database "main" needs it because DB_HOST is set',
      'DB_USER_ADMIN is not set; database "main" needs it because DB_HOST is set',
    ]);
    expect(problemsOf(() => addresses({ ...standard, DB_SSLMODE: "maybe" }))).toEqual([
      "DB_SSLMODE is not one of disable, allow, prefer, require, verify-ca, verify-full",
    ]);
  });

  test("select the embedded server if none is set, but never in production", () => {
    expect(addresses({}, {})).toEqual({
      kind: "embedded",
      names: ["main"],
      variables: ["DB_HOST"],
    });
    expect(problemsOf(() => addresses({ NODE_ENV: "production" }, {}))).toEqual([
      "the environment variable DB_HOST is not set (with NODE_ENV=production no embedded database is used)",
    ]);
  });

  test("define an application role only if it differs from the migrating role", () => {
    const fleet = parseFleet(appFleet("x", [], { databases: { main: {} } }));
    expect(applicationRole(fleet, "main", standard)).toBe("app");
    expect(applicationRole(fleet, "main", { ...standard, DB_USER_SERVER: "owner" })).toBe(
      undefined,
    );
    const { DB_USER_SERVER: _, ...without } = standard;
    expect(applicationRole(fleet, "main", without)).toBe(undefined);
    expect(problemsOf(() => addresses(without, {}, "application"))).toEqual([
      'DB_USER_SERVER is not set; database "main" needs it because DB_HOST is set',
    ]);
  });
});

describe("secrets", () => {
  test("are read from the variable, from the named file, or from the folder", async () => {
    const folder = await createFolder({
      named: "from file\r\n",
      DB_PASSWORD_ADMIN: "from folder\n",
    });
    expect(getSecret("TOKEN", { TOKEN: " kept " })).toBe(" kept ");
    expect(getSecret("TOKEN", { TOKEN_FILE: join(folder, "named") })).toBe("from file");
    expect(getSecret("DB_PASSWORD_ADMIN", { SECRETS_DIR: folder })).toBe("from folder");
    expect(getSecret("OTHER", { SECRETS_DIR: folder })).toBe(undefined);
    expect(getSecret("OTHER", {})).toBe(undefined);
    await writeFile(join(folder, "empty"), "\n");
    expect(getSecret("OTHER", { OTHER_FILE: join(folder, "empty") })).toBe(undefined);
  });

  test("are an error, without the value, if a named file is missing or both ways are used", () => {
    const [missing] = problemsOf(() => getSecret("TOKEN", { TOKEN_FILE: "/nowhere/token" }));
    expect(missing).toMatch(/^TOKEN cannot be read: ENOENT/);
    expect(problemsOf(() => getSecret("TOKEN", { TOKEN: "s3cret-1", TOKEN_FILE: "/x" }))).toEqual([
      "TOKEN and TOKEN_FILE are both set",
    ]);
  });

  test("are masked in texts, also in URLs that were not registered", () => {
    getSecret("TOKEN", { TOKEN: "s3cret-value" });
    expect(maskSecrets("it was s3cret-value, see postgresql://user:other@host/db")).toBe(
      "it was ***, see postgresql://user:***@host/db",
    );
  });
});

test("retired variables are named with their replacement, and not read", () => {
  const value = "retired-secret";
  const warnings = retiredWarnings({
    ALGA_DB_HOST: value,
    ALGA_DB_NAME: value,
    ALGA_DB_ADMIN_PASSWORD_FILE: value,
    ALGA_DB_POOL: value,
    DB_HOST: value,
  });
  expect(warnings).toEqual([
    "warning: ALGA_DB_ADMIN_PASSWORD_FILE is no longer read. Set DB_PASSWORD_ADMIN_FILE instead.",
    "warning: ALGA_DB_HOST is no longer read. Set DB_HOST instead.",
    "warning: ALGA_DB_NAME is no longer read. Set DB_NAME_SERVER instead.",
    "warning: ALGA_DB_POOL is no longer read, and nothing replaces it. Unset it.",
  ]);
  expect(addresses({ ALGA_DB_HOST: "h", ALGA_DB_NAME: "n" })).toMatchObject({ kind: "embedded" });
});

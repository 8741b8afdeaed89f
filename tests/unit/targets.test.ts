import { describe, expect, test } from "vitest";
import { resolveDatabases } from "../../src/config/environment.ts";
import { parseFleet } from "../../src/config/schema.ts";
import type { FleetError } from "../../src/core/errors.ts";
import { namedIn, rosterOf } from "../../src/tenants/roster.ts";
import { resolveTargets } from "../../src/tenants/targets.ts";
import { appFleet } from "../support/fleet.ts";

const fleet = parseFleet(appFleet("postgresql://u@h/d", ["toshiba", "iopex"]));
/** A roster of unlisted tenants. */
const rosterFor = (ids: readonly string[]) => ({ listed: [], ids });

const none = { services: [], tenants: [], databases: [] };

function problemsOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    const { problems, message } = error as FleetError;
    return problems.length > 0 ? problems.map((problem) => problem.message) : [message];
  }
}

describe("tenants", () => {
  test("are those in TENANTS if it is set", () => {
    const listed = ["toshiba", "iopex"].map((id) => ({ id, attributes: {} }));
    expect(rosterOf(listed)).toEqual({ listed, ids: ["toshiba", "iopex"] });
    expect(rosterOf(listed, "a, b  c,a")).toEqual({ listed, ids: ["a", "b", "c"] });
    expect(namedIn(undefined)).toEqual([]);
  });

  test.each(["", "  ", "\n", " , ,"])("cannot be empty: TENANTS set to %j is an error", (text) => {
    expect(() => rosterOf([], text)).toThrow(
      expect.objectContaining({ code: "usage", message: "TENANTS is set but names no tenant" }),
    );
  });

  test.each(["Acme-Inc", "größe", "日本", "_x", "a.b", "2fast", "SELECT", "x".repeat(59)])(
    "can have the name %s",
    (tenant) => {
      expect(resolveTargets(fleet, rosterFor([tenant]), none)).toMatchObject([
        { schema: `app_${tenant}` },
      ]);
    },
  );

  test.each([
    "",
    "a b",
    'a"b',
    "a'b",
    "a;b",
    "a\\b",
    "a/b",
    "../a",
    "-a",
    ".a",
    "a\u0000b",
    "a\nb",
    "$(x)",
    "e\u0301",
    "ü".repeat(40),
    "x".repeat(60),
  ])("cannot have the name %j", (tenant) => {
    expect(problemsOf(() => resolveTargets(fleet, rosterFor([tenant]), none))).toHaveLength(1);
  });

  test("are all reported if their names are invalid", () => {
    expect(
      problemsOf(() => resolveTargets(fleet, rosterFor(["a'b", "fine", "c;d"]), none)),
    ).toEqual([`the tenant id "a'b" is not allowed`, `the tenant id "c;d" is not allowed`]);
  });

  test("are shown without terminal control characters if their names are invalid", () => {
    const names = [
      "a\u001b[2J",
      "a\u009b2J",
      "a\u007f",
      "a\u202eb",
      "a\u200bb",
      "a\u00a0b",
      "a\u{e0041}",
    ];
    expect(problemsOf(() => resolveTargets(fleet, rosterFor(names), none))).toEqual(
      [
        "a\\u001b[2J",
        "a\\u009b2J",
        "a\\u007f",
        "a\\u202eb",
        "a\\u200bb",
        "a\\u00a0b",
        "a\\u{e0041}",
      ].map((name) => `the tenant id "${name}" is not allowed`),
    );
  });

  test("are refused, with the composed form, if a name is decomposed", () => {
    const attempt = () => resolveTargets(fleet, rosterFor(["cafe\u0301"]), none);
    expect(attempt).toThrow(`the tenant id "cafe\\u0301" is not allowed`);
    expect(attempt).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining(`"caf\u00e9"`) }),
    );
  });

  test("cannot have reserved schema names", () => {
    const plain = parseFleet({
      ...appFleet("postgresql://u@h/d", []),
      services: { app: { schema: "s", out: "o", database: "main", tenantSchema: "{tenant}" } },
    });
    expect(
      problemsOf(() => resolveTargets(plain, rosterFor(["pg_x", "information_schema"]), none)),
    ).toHaveLength(2);
  });

  test("in a filter exclude services without tenants", () => {
    const both = parseFleet({
      ...appFleet("postgresql://u@h/d", ["a", "b"]),
      services: {
        app: { schema: "s", out: "o", database: "main", tenantSchema: "app_{tenant}" },
        one: { schema: "s", out: "o", database: "main", singleSchema: "one" },
      },
    });
    const schemas = (selection: Partial<typeof none>) =>
      resolveTargets(both, rosterFor(["a", "b"]), { ...none, ...selection }).map(
        ({ schema }) => schema,
      );
    expect(schemas({})).toEqual(["app_a", "app_b", "one"]);
    expect(schemas({ tenants: ["b"] as never[] })).toEqual(["app_b"]);
    expect(schemas({ services: ["one"] as never[] })).toEqual(["one"]);
  });
});

describe("databases", () => {
  const two = parseFleet({
    ...appFleet("x", []),
    databases: {
      main: { url: { environmentVariable: "A" } },
      other: { url: { environmentVariable: "B" } },
    },
  });
  const url = "postgresql://u:p@h:5433/d";
  const resolve = (environment: Record<string, string>, names = ["main", "other"]) =>
    resolveDatabases(two, names, environment);

  test("are embedded if none is set, but not in production", () => {
    expect(resolve({ A: " " })).toEqual({
      kind: "embedded",
      names: ["main", "other"],
      variables: ["A", "B"],
    });
    expect(problemsOf(() => resolve({ NODE_ENV: "production" }))).toHaveLength(2);
  });

  test("are an error that names the unset ones if only some are set, unless they are not needed", () => {
    expect(problemsOf(() => resolve({ A: url }))[0]).toContain("variable B is not set");
    expect(resolve({ A: url }, ["main"])).toMatchObject({
      kind: "configured",
      addresses: [{ name: "main", url, tls: {} }],
    });
  });

  test("are an error without the value if a URL is not a PostgreSQL URL", () => {
    const problems = problemsOf(() => resolve({ A: "mysql://u:s3cret@h/d", B: "s3cret" }));
    expect(problems).toEqual(["A is not a PostgreSQL URL", "B is not a PostgreSQL URL"]);
  });
});

import { describe, expect, expectTypeOf, test } from "vitest";
import type { z } from "zod";
import { resolveDatabases } from "../../src/config/environment.ts";
import { parseAmount, parseDuration } from "../../src/config/quantities.ts";
import {
  type FleetInput,
  type fleetSchema,
  parseFleet,
  sourceSchemasOf,
} from "../../src/config/schema.ts";
import { appFleet } from "../support/fleet.ts";

test("the types of the options equal what the schema accepts", () => {
  type Taken = z.input<typeof fleetSchema>;
  const taken = (input: FleetInput): Taken => input;
  const shown = (input: Taken): FleetInput => input;
  expect([taken, shown]).toHaveLength(2);
  expectTypeOf<keyof FleetInput>().toEqualTypeOf<keyof Taken>();
  type Database<Input extends Taken | FleetInput> = keyof Input["databases"][string];
  type Service<Input extends Taken | FleetInput> = keyof Input["services"][string];
  expectTypeOf<Database<FleetInput>>().toEqualTypeOf<Database<Taken>>();
  expectTypeOf<Service<FleetInput>>().toEqualTypeOf<Service<Taken>>();
  type Inner<Input extends object> = {
    [Key in keyof Input]: keyof NonNullable<Input[Key]>;
  };
  type Parts = "rollout" | "retry" | "timeouts" | "embedded";
  expectTypeOf<Inner<Pick<FleetInput, Parts>>>().toEqualTypeOf<Inner<Pick<Taken, Parts>>>();
});

test("durations have a unit, amounts are numbers or shares", () => {
  const durations = ["500ms", "30s", "1.5m", "2h", "0s", " 5s "].map(parseDuration);
  expect(durations).toEqual([500, 30_000, 90_000, 7_200_000, 0, 5_000]);
  for (const text of ["30", "", "s", "-1s", "1d", "1 s", "999h", "1e3s"])
    expect(parseDuration(text), text).toBeUndefined();
  expect(["5", "0", "1%", "12.5%", "100%"].map(parseAmount)).toEqual([
    { count: 5 },
    { count: 0 },
    { percent: 1 },
    { percent: 12.5 },
    { percent: 100 },
  ]);
  for (const text of ["", "%", "-1", "1.5", "101%", "1 %", "ten"])
    expect(parseAmount(text), text).toBeUndefined();
});

describe("the configuration", () => {
  test("accepts tenants as ids or with attributes, and durations as strings, and reports problems with their paths", () => {
    const fleet = parseFleet(
      appFleet("postgresql://localhost/x", ["a"], {
        tenants: ["a", { id: "b", attributes: { plan: "gold" } }],
        timeouts: { lock: "500ms" },
        rollout: { soak: "1m", maxFailures: "1%", canary: 3 },
      }),
    );
    expect(fleet.tenants).toEqual([
      { id: "a", attributes: {} },
      { id: "b", attributes: { plan: "gold" } },
    ]);
    expect(fleet.timeouts).toMatchObject({ lock: 500, statement: 900_000 });
    expect(fleet.rollout).toEqual({
      soak: 60_000,
      maxFailures: { percent: 1 },
      canary: "3",
      onError: "continue",
    });
    // The result of defineFleet is checked again when the file is loaded.
    expect(parseFleet(fleet)).toEqual(fleet);
    const wrong = {
      rollout: { soak: "long", maxFailures: "many" },
      tenants: [{ id: "" }, "a", "a"],
    };
    const error = (() => {
      try {
        return parseFleet(appFleet("postgresql://localhost/x", [], wrong));
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toMatchObject({
      code: "config",
      problems: expect.arrayContaining([
        expect.objectContaining({ where: "rollout.soak" }),
        expect.objectContaining({ where: "rollout.maxFailures" }),
        expect.objectContaining({ where: "tenants[0].id" }),
      ]),
    });
  });

  test("uses directUrl if it is set", () => {
    const databases = {
      main: {
        url: { environmentVariable: "POOLED" },
        directUrl: { environmentVariable: "DIRECT" },
      },
    };
    const fleet = parseFleet(appFleet("", [], { databases }));
    const [pooled, direct] = ["postgresql://pooler/x", "postgresql://server/x"];
    const at = (environment: Record<string, string>) =>
      resolveDatabases(fleet, ["main"], environment);
    expect(at({ POOLED: pooled, DIRECT: direct })).toMatchObject({ addresses: [{ url: direct }] });
    expect(at({ POOLED: pooled })).toMatchObject({ addresses: [{ url: pooled }] });
    expect(at({})).toMatchObject({ kind: "embedded", variables: ["POOLED"] });
  });

  test("determines the source schemas of a service", () => {
    const of = (service: object) => {
      const app = { schema: "./schema", out: "./drizzle", database: "main", ...service };
      const { services } = parseFleet({ ...appFleet("postgresql://x", []), services: { app } });
      return services.app && sourceSchemasOf(services.app);
    };
    const tenantSchema = "app_{tenant}";
    expect(of({ tenantSchema })).toEqual(["public"]);
    expect(of({ tenantSchema, sharedSchemas: ["public"] })).toEqual(["public"]);
    expect(of({ tenantSchema, sourceSchema: "shop" })).toEqual(["shop"]);
    expect(of({ singleSchema: "shop" })).toEqual(["public", "shop"]);
    expect(of({ singleSchema: "shop", sourceSchema: "shop" })).toEqual(["shop"]);
    expect(of({ singleSchema: "shop", sourceSchema: "store" })).toEqual(["store", "shop"]);
    expect(of({ singleSchema: "public" })).toEqual(["public"]);
    expect(of({ tenantSchema, sourceSchema: ["shop", "public"] })).toEqual(["shop", "public"]);
  });

  test.each([
    [{ sharedSchemas: ["shop"] }, '"shop" is also in sharedSchemas'],
    [{ extensionSchema: "shop" }, '"shop" is also the extensionSchema'],
    [
      { sourceSchema: ["shop", "public"], sharedSchemas: ["public"] },
      '"public" is also in sharedSchemas',
    ],
    [{ sourceSchema: [] }, "must name a schema"],
    [{ sourceSchema: "pg_catalog" }, "is reserved by PostgreSQL"],
    [{ sourceSchema: "shop_{tenant}" }, "must be a schema name as in the SQL"],
    [{ sourceSchema: "drizzle_fleet" }, "is reserved"],
    [{ sourceSchema: "" }, "problems"],
  ])("refuses a source schema that contradicts other keys: %j", (more, message) => {
    const app = { schema: "./schema", out: "./drizzle", database: "main" };
    const service = { ...app, tenantSchema: "app_{tenant}", sourceSchema: "shop", ...more };
    expect(() =>
      parseFleet({ ...appFleet("postgresql://x", []), services: { app: service } }),
    ).toThrow(message);
  });
});

import { expect, test } from "vitest";
import { FleetError, isFleetError } from "../../src/core/errors.ts";

test("an error of another copy of this package is a FleetError", async () => {
  const other = await import("../../dist/config/define.js");
  const error: unknown = (() => {
    try {
      return other.defineFleet({} as never);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(isFleetError(error)).toBe(true);
  expect(error).toBeInstanceOf(FleetError);
  expect(new Error("another one")).not.toBeInstanceOf(FleetError);
  expect({ name: "FleetError", code: "usage" }).not.toBeInstanceOf(FleetError);
});

import { expect, test } from "vitest";
import { compareWithReality } from "../support/lint-reality.ts";

test("of each of 150 statements, the trace names exactly the locks that other sessions meet, and the rewrites and scans of tables with rows", async () => {
  expect(await compareWithReality()).toBeGreaterThanOrEqual(150);
});

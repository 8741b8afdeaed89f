import { describe } from "vitest";
import { createDatabase } from "../support/database.ts";
import { testDrift } from "../support/drift-cases.ts";
import { testCatalogs } from "../support/drift-catalogs.ts";

describe("drift", () => {
  testDrift(() => createDatabase());
  testCatalogs(() => createDatabase());
});

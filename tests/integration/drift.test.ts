import { describe } from "vitest";
import { createDatabase } from "../support/database.ts";
import { testDrift } from "../support/drift-cases.ts";

describe("drift", () => {
  testDrift(() => createDatabase());
});

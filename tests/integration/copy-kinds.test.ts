import { expect, test } from "vitest";
import { kinds, testCopiesOfEveryKind } from "../support/copy-kinds.ts";

test("there are at least 80 kinds", () => {
  expect(kinds.length).toBeGreaterThanOrEqual(80);
});

testCopiesOfEveryKind(18);

import stringWidth from "string-width";
import { expect, test } from "vitest";
import { widthOf } from "../../src/core/width.ts";

test.each([
  "",
  "plain text, 100 %",
  "cut…",
  "\u001B[31mred\u001B[0m and \u001B[1;32mgreen\u001B[39m",
  "日本語",
  "e\u0301",
  "👩‍👩‍👧 family",
  "\u001B[31m日\u001B[0m",
  "tab\tand\nline",
])("the width of %j is what string-width measures", (text) => {
  expect(widthOf(text)).toBe(stringWidth(text));
});

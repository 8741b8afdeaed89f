import { describe, expect, test } from "vitest";
import { escapeRegExp } from "../../src/core/regexp.ts";
import { SourceSchema } from "../../src/sql/source-schema.ts";

const special = "\\^$.*+?()[]{}|/-#&~!@,:;<>=%`' \t";

/** Names with each special character alone, each between letters, and all of them. */
const names = [
  ...special,
  ...[...special].map((character) => `a${character}b`),
  special,
  "in-progress",
  "[a-z]",
  "\\d",
  "a|b",
  "größe",
  "$&",
];

describe("a regular expression that is built from data", () => {
  test.each(["", "u", "iu", "g", "gu"])("matches exactly the text, with flags %s", (flags) => {
    for (const name of names) {
      const pattern = new RegExp(`^${escapeRegExp(name)}$`, flags);
      expect([name, pattern.test(name)]).toEqual([name, true]);
      expect([name, new RegExp(`^${escapeRegExp(name)}$`, flags).test(`${name}x`)]).toEqual([
        name,
        false,
      ]);
      // In a character class, a name does not become a range either.
      expect(new RegExp(`^[${escapeRegExp(name)}]+$`, flags).test(name)).toBe(true);
    }
  });

  test("matches nothing else", () => {
    expect(new RegExp(`^${escapeRegExp("a.c")}$`).test("abc")).toBe(false);
    expect(new RegExp(`^[${escapeRegExp("a-c")}]$`, "u").test("b")).toBe(false);
    expect(new RegExp(`^${escapeRegExp("a|b")}$`).test("a")).toBe(false);
  });

  test("finds a schema by its name, whatever characters it contains", () => {
    for (const name of names) {
      const source = new SourceSchema([name]);
      expect([name, source.has(name), source.mayBeIn(`x "${name}".t`)]).toEqual([name, true, true]);
      expect([name, source.mustReplaceIn(`SELECT * FROM "${name}".t`)]).toEqual([name, true]);
      expect([name, source.mustReplaceIn("SELECT * FROM other.t")]).toEqual([name, false]);
    }
  });
});

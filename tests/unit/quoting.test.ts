import fc from "fast-check";
import pg from "pg";
import { expect, test } from "vitest";
import { quoteIdentifier, quoteLiteral } from "../../src/core/quoting.ts";

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("'", '"', "\\", "$", "%", " ", "\n", "a", "é", "日", "😀") }),
  fc.string({ unit: "grapheme" }),
);

test("literals and identifiers are quoted as node-postgres quotes them", () => {
  fc.assert(
    fc.property(text, (value) => {
      fc.pre(!value.includes("\0"));
      expect(quoteLiteral(value)).toBe(pg.escapeLiteral(value));
      if (Buffer.byteLength(value) <= 63)
        expect(quoteIdentifier(value)).toBe(pg.escapeIdentifier(value));
    }),
  );
});

test("a name that PostgreSQL would truncate or that cannot be sent is refused", () => {
  expect(() => quoteIdentifier("é".repeat(32))).toThrow(/is 64 bytes long/);
  expect(() => quoteIdentifier("a\0b")).toThrow(/contains a NUL byte at character 2/);
  expect(() => quoteIdentifier("a\ud800")).toThrow(/contains an unpaired surrogate/);
});

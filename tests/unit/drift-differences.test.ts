import { expect, test } from "vitest";
import type { SchemaObject } from "../../src/catalog/properties.ts";
import { changesBetween } from "../../src/drift/differences.ts";

function object(kind: string, name: string, of: string | null = null): SchemaObject {
  return { key: null, kind, name, of, properties: {} };
}

function extra(...objects: readonly SchemaObject[]): string[] {
  return changesBetween([], objects).map(({ difference: { kind, name } }) => `${kind} ${name}`);
}

test("parts are listed with what they belong to, and not with another object of the same name", () => {
  const column = object("column", "orders.note", "orders");
  expect(extra(object("table", "orders"), column)).toEqual(["table orders"]);
  expect(extra(object("collation", "orders"), column)).toEqual([
    "collation orders",
    "column orders.note",
  ]);
  const opclass = object("operator class", "moods USING hash", "moods USING hash");
  expect(extra(object("operator family", "moods USING hash"), opclass)).toEqual([
    "operator family moods USING hash",
  ]);
  const cast = object("cast", "mood AS text", "mood");
  expect(extra(object("type", "mood"), cast)).toEqual(["type mood"]);
});

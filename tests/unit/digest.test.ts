import { expect, test } from "vitest";
import { digestOf, digestsOfPrefixes } from "../../src/ledger/digest.ts";

test.each([
  ["tags that ascend", ["0000_a", "0001_b", "0002_c"]],
  ["tags that do not", ["0001_b", "0000_a", "0002_c", "zz", "é", "z"]],
  ["no tags", []],
])("the digests of all prefixes of a history are right: %s", (_, tags) => {
  const entries = tags.map((tag) => ({ tag, checksum: `sum of ${tag}` }));
  const prefixes = [...entries.keys(), entries.length].map((length) => entries.slice(0, length));
  expect(digestsOfPrefixes(entries)).toEqual(prefixes.map(digestOf));
});

import { expect, test } from "vitest";
import { joinedEntries } from "../../src/source/joined-journal.ts";
import { type JournalEntry, journal } from "../support/journal.ts";

const base: JournalEntry = ["0000_base", 100];
const entriesOf = (text: string) =>
  joinedEntries(text)?.map(({ idx, tag, when }) => [idx, tag, when]);

test("an entry that a joined journal has twice is read once", () => {
  const text = journal(base, ["0001_a", 200], ["0001_a", 200]).replaceAll('"idx": 2', '"idx": 1');
  expect(entriesOf(text.replace("},\n    {", "}\n    {"))).toEqual([
    [0, "0000_base", 100],
    [1, "0001_a", 200],
  ]);
});

test.each([
  ["a complete journal", journal(base, ["0001_a", 200])],
  [
    "a journal that lists both, each whole",
    journal(base, ["0001_a", 200], ["0001_b", 300]).replace('"idx": 2', '"idx": 1'),
  ],
  ["one that was cut off", journal(base, ["0001_a", 200]).slice(0, -30)],
  ["something else", "<html>"],
])("%s is not changed", (_, text) => {
  expect(joinedEntries(text)).toBeUndefined();
});

test("an entry without a time cannot be assigned", () => {
  const text = journal(base, ["0001_a", 200], ["0001_b", 300]).replaceAll('"idx": 2', '"idx": 1');
  expect(joinedEntries(`${text.replace(/"when": 300,/, "")}}`)).toBeUndefined();
});

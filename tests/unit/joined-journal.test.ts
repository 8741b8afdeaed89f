import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { joinedEntries } from "../../src/source/joined-journal.ts";
import { parseJournal } from "../../src/source/journal.ts";

type Migration = readonly [tag: string, when: number];

const journal = (...migrations: readonly Migration[]) =>
  JSON.stringify(
    {
      version: "7",
      dialect: "postgresql",
      entries: migrations.map(([tag, when], idx) => ({
        idx,
        version: "7",
        when,
        tag,
        breakpoints: true,
      })),
    },
    null,
    2,
  );

/** What git's union driver makes of two journals. */
function union(base: string, ours: string, theirs: string): string {
  const folder = mkdtempSync(join(tmpdir(), "drizzle-fleet-union-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ base, ours, theirs }))
    writeFileSync(join(folder, name), text);
  const args = ["merge-file", "-p", "--union", "ours", "base", "theirs"];
  return execFileSync("git", args, { cwd: folder, encoding: "utf8" });
}

const base: Migration = ["0000_base", 100];
const entriesOf = (text: string) =>
  joinedEntries(text)?.map(({ idx, tag, when }) => [idx, tag, when]);

describe("a journal whose lines git's union driver has joined has the entries of both branches", () => {
  test.each<[string, Migration[], Migration[]]>([
    ["one each", [["0001_a", 200]], [["0001_b", 300]]],
    [
      "one and two",
      [["0001_a", 200]],
      [
        ["0001_b", 300],
        ["0002_c", 400],
      ],
    ],
    [
      "two and one",
      [
        ["0001_a", 200],
        ["0002_d", 210],
      ],
      [["0001_b", 300]],
    ],
    [
      "two and three",
      [
        ["0001_a", 200],
        ["0002_d", 210],
      ],
      [
        ["0001_b", 300],
        ["0002_c", 400],
        ["0003_e", 500],
      ],
    ],
    ["of one name", [["0001_same", 200]], [["0001_same", 300]]],
  ])("%s", (_, ours, theirs) => {
    const text = union(journal(base), journal(base, ...ours), journal(base, ...theirs));
    const numbered = (migrations: Migration[]) =>
      migrations.map(([tag, when], index) => [index + 1, tag, when]);
    const found = entriesOf(text) ?? [];
    expect(found[0]).toEqual([0, "0000_base", 100]);
    expect(found).toHaveLength(1 + ours.length + theirs.length);
    expect(found).toEqual(expect.arrayContaining([...numbered(ours), ...numbered(theirs)]));
    // Of two with one number, the first is ours.
    for (const [idx, tag] of numbered(ours))
      expect(found.find(([number]) => number === idx)?.[1]).toBe(tag);
    expect(() => parseJournal(text, "_journal.json")).toThrow(/joined lines of two branches/);
  });

  test("once, where it has the same entry twice", () => {
    const text = journal(base, ["0001_a", 200], ["0001_a", 200]).replaceAll('"idx": 2', '"idx": 1');
    expect(entriesOf(text.replace("},\n    {", "}\n    {"))).toEqual([
      [0, "0000_base", 100],
      [1, "0001_a", 200],
    ]);
  });
});

test.each([
  ["a whole journal", journal(base, ["0001_a", 200])],
  [
    "a journal that lists both, each whole",
    journal(base, ["0001_a", 200], ["0001_b", 300]).replace('"idx": 2', '"idx": 1'),
  ],
  ["one that was cut off", journal(base, ["0001_a", 200]).slice(0, -30)],
  ["something else", "<html>"],
])("%s is left alone", (_, text) => {
  expect(joinedEntries(text)).toBeUndefined();
});

test("an entry without a time cannot be told", () => {
  const text = journal(base, ["0001_a", 200], ["0001_b", 300]).replaceAll('"idx": 2', '"idx": 1');
  expect(joinedEntries(`${text.replace(/"when": 300,/, "")}}`)).toBeUndefined();
});

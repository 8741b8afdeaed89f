import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { joinedEntries } from "../../src/source/joined-journal.ts";
import { parseJournal } from "../../src/source/journal.ts";
import { type JournalEntry, journal } from "../support/journal.ts";
import { requireProgram } from "../support/programs.ts";

/** Merges two journals with git's union driver. */
function union(base: string, ours: string, theirs: string): string {
  const folder = mkdtempSync(join(tmpdir(), "drizzle-fleet-union-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ base, ours, theirs }))
    writeFileSync(join(folder, name), text);
  requireProgram("git");
  const args = ["merge-file", "-p", "--union", "ours", "base", "theirs"];
  return execFileSync("git", args, { cwd: folder, encoding: "utf8" });
}

const base: JournalEntry = ["0000_base", 100];

describe("a journal whose lines git's union driver has joined has the entries of both branches", () => {
  test.each<[string, JournalEntry[], JournalEntry[]]>([
    ["one entry on each branch", [["0001_a", 200]], [["0001_b", 300]]],
    [
      "one and two entries",
      [["0001_a", 200]],
      [
        ["0001_b", 300],
        ["0002_c", 400],
      ],
    ],
    [
      "two entries and one",
      [
        ["0001_a", 200],
        ["0002_d", 210],
      ],
      [["0001_b", 300]],
    ],
    [
      "two and three entries",
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
    ["two entries with the same name", [["0001_same", 200]], [["0001_same", 300]]],
  ])("%s", (_, ours, theirs) => {
    const text = union(journal(base), journal(base, ...ours), journal(base, ...theirs));
    const numbered = (migrations: JournalEntry[]) =>
      migrations.map(([tag, when], index) => [index + 1, tag, when]);
    const found = joinedEntries(text)?.map(({ idx, tag, when }) => [idx, tag, when]) ?? [];
    expect(found[0]).toEqual([0, "0000_base", 100]);
    expect(found).toHaveLength(1 + ours.length + theirs.length);
    expect(found).toEqual(expect.arrayContaining([...numbered(ours), ...numbered(theirs)]));
    // Of two entries with the same number, the first is ours.
    for (const [idx, tag] of numbered(ours))
      expect(found.find(([number]) => number === idx)?.[1]).toBe(tag);
    expect(() => parseJournal(text, "_journal.json")).toThrow(/joined lines of two branches/);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { mergedRecords } from "../../src/autogenerate/merge-types.ts";
import { readChecksums } from "../../src/source/checksums.ts";
import { recordsOfBothSides, recordsText } from "../../src/source/records.ts";

const both = (text: string) => recordsOfBothSides(text, "drizzle/checksums.json");

describe("a flat file with one line for each entry", () => {
  test("is written in order, values of any kind in one line", () => {
    const text = recordsText({ b: { reason: "old", at: [1, 2] }, a: "x", "c:1": null });
    expect(text).toBe('{\n  "a": "x",\n  "b": {"reason":"old","at":[1,2]},\n  "c:1": null\n}\n');
    expect(JSON.parse(text)).toEqual({ a: "x", b: { reason: "old", at: [1, 2] }, "c:1": null });
    expect(recordsText({})).toBe("{}\n");
  });

  test("has one version if it has no conflict", () => {
    expect(both(recordsText({ a: "x", b: { c: 1 } }))).toBeUndefined();
    expect(both('{ "a": "x", "b": "y" }')).toBeUndefined();
    expect(both("{}\n")).toBeUndefined();
  });

  test("with git's markers has two versions, wherever commas are", () => {
    const text = `{
  "0000_base": "0",
<<<<<<< HEAD
  "0001_a": {"reason":"a"}
=======
  "0001_b": "1",
  "0002_c": "2"
>>>>>>> b
}
`;
    expect(both(text)).toEqual({
      ours: { "0000_base": "0", "0001_a": { reason: "a" } },
      theirs: { "0000_base": "0", "0001_b": "1", "0002_c": "2" },
    });
  });

  test("joined by the union driver has all lines, and both values of a duplicate key", () => {
    const text = '{\n  "base": "0",\n  "same": "1"\n  "same": "2",\n  "a": "3"\n}\n';
    expect(both(text)).toEqual({
      ours: { base: "0", same: "1", a: "3" },
      theirs: { base: "0", same: "2", a: "3" },
    });
    expect(both('{\n  "same": "1",\n  "same": "2"\n}\n')).toMatchObject({ theirs: { same: "2" } });
  });

  test("with a line that is not an entry is refused, and the line is named", () => {
    expect(() => both('{\n  "a": "x"\n  oops\n}\n')).toThrow(/not an entry: oops/);
    expect(() => both('<<<<<<< HEAD\n{\n  "a": "x"\n}\n')).toThrow(/not an entry: <<<<<<< HEAD/);
  });

  test("that is cut off is refused, and not mistaken for one that git joined", () => {
    expect(() => both("{")).toThrow(/is truncated/);
    expect(() => both('{\n  "a": "x",\n')).toThrow(/is truncated/);
  });
});

describe("what both branches recorded", () => {
  test("is kept under the names that the merge leaves, each migration with its own branch's", () => {
    const records = {
      ours: { base: "0", same: "1", "0001_a": "a" },
      theirs: { base: "0", same: "2", extra: "e" },
    };
    const merged = mergedRecords(records, {
      kept: [
        { side: "ours", from: "same", to: "same" },
        { side: "ours", from: "0001_a", to: "0001_a" },
      ],
      moved: [{ side: "theirs", from: "same", to: "0002_same" }],
    });
    expect(merged).toEqual({ base: "0", same: "1", "0001_a": "a", extra: "e", "0002_same": "2" });
  });

  test("follows two names that are swapped", () => {
    const records = { ours: { x: "1" }, theirs: { x: "2" } };
    const merged = mergedRecords(records, {
      kept: [{ side: "theirs", from: "x", to: "x_1" }],
      moved: [{ side: "ours", from: "x", to: "x_2" }],
    });
    expect(merged).toEqual({ x_1: "2", x_2: "1" });
  });
});

describe("checksums.json", () => {
  async function folderWith(text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "fleet-records-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "checksums.json"), text);
    return folder;
  }

  test.each([
    ["is not JSON", "{", "is malformed"],
    ["is cut off after an entry", '{\n  "0000_init": "abc",\n', "is malformed"],
    ["is not an object", "[]", "is malformed"],
    ["has a value that is not a sha256", '{ "0000_init": "abc" }', "is malformed"],
    ["has conflict markers", "<<<<<<< HEAD\n{}\n=======\n", "contains git's conflict markers"],
  ])("that %s is refused with a FleetError and a remedy", async (_, text, message) => {
    await expect(readChecksums(await folderWith(text))).rejects.toMatchObject({
      name: "FleetError",
      code: "journal",
      message: expect.stringContaining(`checksums.json ${message}`),
      remedy: expect.stringMatching(/\S/),
    });
  });

  test("can be missing if nothing was recorded", async () => {
    const folder = await folderWith("{}");
    await rm(join(folder, "checksums.json"));
    expect(await readChecksums(folder)).toEqual({});
  });
});

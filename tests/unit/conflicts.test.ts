import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { splitConflicts } from "../../src/source/conflicts.ts";

const lines = (...all: readonly string[]) => all.map((line) => `${line}\n`).join("");

describe("splitConflicts", () => {
  test("gives each side its part and both the rest", () => {
    const text = lines("a", "<<<<<<< HEAD", "b", "=======", "c", ">>>>>>> other", "d");
    expect(splitConflicts(text)).toEqual({ ours: "a\nb\nd\n", theirs: "a\nc\nd\n" });
  });

  test("leaves out the common ancestor's part", () => {
    const text = lines(
      "<<<<<<< HEAD",
      "b",
      "||||||| 1234abc",
      "x",
      "=======",
      "c",
      ">>>>>>> other",
    );
    expect(splitConflicts(text)).toEqual({ ours: "b\n", theirs: "c\n" });
  });

  test("takes several conflicts, empty sides and bare markers", () => {
    const text = lines(
      "<<<<<<<",
      "=======",
      "c",
      ">>>>>>>",
      "m",
      "<<<<<<< x",
      "b",
      "=======",
      ">>>>>>> y",
    );
    expect(splitConflicts(text)).toEqual({ ours: "m\nb\n", theirs: "c\nm\n" });
  });

  test("keeps line breaks as they are, and the missing one at the end", () => {
    const text = "a\r\n<<<<<<< HEAD\r\nb\r\n=======\r\nc\r\n>>>>>>> other\r\nd\u2028<<<<<<< x";
    expect(splitConflicts(text)).toEqual({
      ours: "a\r\nb\r\nd\u2028<<<<<<< x",
      theirs: "a\r\nc\r\nd\u2028<<<<<<< x",
    });
    const bare = "<<<<<<<\r\nb\r\n|||||||\r\n=======\r\nc\r\n>>>>>>>";
    expect(splitConflicts(bare)).toEqual({ ours: "b\r\n", theirs: "c\r\n" });
  });

  test("knows a marker by its place, its length and what follows", () => {
    const text = [" <<<<<<< a", "<<<<<<<< a", "<<<<<< a", "<<<<<<<a", "========", "=======a"];
    expect(splitConflicts(lines(...text))).toBeUndefined();
    const inside = lines("<<<<<<< a", ...text, "=======", "c", ">>>>>>> b");
    expect(splitConflicts(inside)).toEqual({ ours: lines(...text), theirs: "c\n" });
  });

  test("takes the longer markers of a merged ancestor for its text", () => {
    const ancestor = ["<<<<<<<<< one", "x", "=========", "y", ">>>>>>>>> two"];
    const text = lines(
      "<<<<<<< a",
      "b",
      "||||||| merged",
      ...ancestor,
      "=======",
      "c",
      ">>>>>>> b",
    );
    expect(splitConflicts(text)).toEqual({ ours: "b\n", theirs: "c\n" });
  });

  test.each([
    ["no markers", ["a", "b"]],
    ["nothing", []],
    ["a conflict that does not end", ["<<<<<<< a", "b", "=======", "c"]],
    ["one that ends before its second side", ["<<<<<<< a", "b", ">>>>>>> b"]],
    ["one in another", ["<<<<<<< a", "<<<<<<< a", "=======", ">>>>>>> b", "=======", ">>>>>>> b"]],
    ["a third side", ["<<<<<<< a", "=======", "=======", ">>>>>>> b"]],
    ["an ancestor behind the second side", ["<<<<<<< a", "=======", "||||||| x", ">>>>>>> b"]],
    ["two ancestors", ["<<<<<<< a", "||||||| x", "||||||| x", "=======", ">>>>>>> b"]],
    ["a marker between conflicts", ["<<<<<<< a", "=======", ">>>>>>> b", "======="]],
    ["an end alone", [">>>>>>> b"]],
  ])("gives nothing for %s", (_, text) => {
    expect(splitConflicts(lines(...text))).toBeUndefined();
  });
});

describe("splitConflicts on what git leaves", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fleet-conflicts-"));
    mkdirSync(join(folder, "meta"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = ["meta/_journal.json", "meta/0001_snapshot.json"] as const;

  function git(...args: readonly string[]): number | null {
    const { NODE_ENV, PATH } = process.env;
    const env = { NODE_ENV, PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
    const who = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    return spawnSync("git", [...who, ...args], { cwd: folder, env }).status;
  }

  function commit(contents: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(contents)) writeFileSync(join(folder, path), text);
    expect(git("add", ".")).toBe(0);
    expect(git("commit", "-m", "change")).toBe(0);
  }

  const entry = (idx: number, tag: string) => ({
    idx,
    version: "7",
    when: 1000 + idx,
    tag,
    breakpoints: true,
  });
  const journal = (...entries: readonly unknown[]) => ({
    version: "7",
    dialect: "postgresql",
    entries,
  });
  const column = (name: string) => ({
    [name]: { name, type: "text", primaryKey: false, notNull: true },
  });
  const snapshot = (id: string, columns: object) => ({
    id,
    prevId: "0",
    version: "7",
    tables: { "public.users": { name: "users", schema: "", columns } },
    enums: {},
    _meta: { columns: {}, schemas: {}, tables: {} },
  });

  /** Two branches from one commit; the one that is checked out at the end is `left`. */
  function branches(write: (value: unknown) => string, style: string) {
    const side = (tag: string, columns: object) => ({
      "meta/_journal.json": write(journal(entry(0, "0000_first"), entry(1, tag))),
      "meta/0001_snapshot.json": write(snapshot(tag, columns)),
    });
    const left = side("0001_left", { ...column("id"), ...column("email") });
    const right = side("0001_right", { ...column("id"), ...column("phone"), ...column("city") });
    expect(git("init", "-b", "left")).toBe(0);
    git("config", "merge.conflictStyle", style);
    git("config", "core.autocrlf", "false");
    commit({ "meta/_journal.json": write(journal(entry(0, "0000_first"))) });
    git("checkout", "-b", "right");
    commit(right);
    git("checkout", "left");
    commit(left);
    return { left, right };
  }

  const split = (path: string) => {
    const text = readFileSync(join(folder, path), "utf8");
    expect(text).toMatch(/^<{7} /m);
    return splitConflicts(text);
  };

  const json = (value: unknown) => JSON.stringify(value, null, 2);
  const formats = {
    "line break at the end": (value: unknown) => `${json(value)}\n`,
    CRLF: (value: unknown) => `${json(value)}\n`.replaceAll("\n", "\r\n"),
  };
  const cases = ["merge", "diff3", "zdiff3"].flatMap((style) =>
    Object.entries(formats).map(([format, write]) => ({ style, format, write })),
  );

  test.each(cases)("merge, style $style, $format", ({ style, write }) => {
    const { left, right } = branches(write, style);
    expect(git("merge", "right")).toBe(1);
    for (const path of files)
      expect(split(path)).toEqual({ ours: left[path], theirs: right[path] });
  });

  test.each(cases)(
    "rebase, style $style, $format: the other branch is ours",
    ({ style, write }) => {
      const { left, right } = branches(write, style);
      expect(git("rebase", "right")).toBe(1);
      for (const path of files)
        expect(split(path)).toEqual({ ours: right[path], theirs: left[path] });
    },
  );

  test.each([
    ["merge", false],
    ["diff3", true],
    ["zdiff3", false],
  ])("style %s, as drizzle-kit writes: no line break at the end", (style, wholeFile) => {
    const { left, right } = branches(json, style);
    expect(git("merge", "right")).toBe(1);
    const [journalFile, snapshotFile] = files;
    expect(split(journalFile)).toEqual({ ours: left[journalFile], theirs: right[journalFile] });
    // Nothing in the file tells the line break that git has added before the marker.
    const added = wholeFile ? "\n" : "";
    expect(split(snapshotFile)).toEqual({
      ours: left[snapshotFile] + added,
      theirs: right[snapshotFile] + added,
    });
  });
});
